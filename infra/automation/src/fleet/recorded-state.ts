import type { RecordedResource, RecordedState } from '@bulkhead/domain/fleet';
import { SECRET, SIGNATURE } from '../state/checkpoint-marks.js';

/** What stands in the place of a secret: a value that Pulumi reads as a secret without any key (apitype.SecretV1). */
export const SECRET_PLACEHOLDER = '[secret]';
const PLACEHOLDER = { [SIGNATURE]: SECRET, plaintext: JSON.stringify(SECRET_PLACEHOLDER) };

/** Properties that hold a credential by their name, whether a program marked them or not. */
const CREDENTIAL_NAMES =
  /^(?:password|passwordwo|masterpassword|secretstring|secretbinary|privatekey|accesskey|secretkey|sessiontoken|token|connectionstring|clientsecret|apikey)$/i;
/** Values that are a credential by their shape, whatever their name. */
const CREDENTIAL_SHAPES: readonly RegExp[] = [
  /:\/\/[^\s/:@]+:[^\s/@]+@/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/,
];

interface Deployment {
  readonly resources?: readonly RecordedResource[];
  readonly pending_operations?: readonly unknown[];
}

/**
 * What may leave the state database of a deployment: resources with every secret replaced, and of the secrets provider
 * nothing (its salt is what a guess of the passphrase would be tried against).
 */
export function recordedState({ resources = [], pending_operations: pending = [] }: Deployment): RecordedState {
  return {
    resources: resources.map((resource) => withoutSecrets(resource) as RecordedResource),
    pending: pending.length,
  };
}

function withoutSecrets(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return isCredential(name, value) ? PLACEHOLDER : value;
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item));
  if (typeof value !== 'object' || value === null) return value;
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET) return PLACEHOLDER;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutSecrets(member, key)]));
}

function isCredential(name: string, value: string): boolean {
  return (value !== '' && CREDENTIAL_NAMES.test(name)) || CREDENTIAL_SHAPES.some((shape) => shape.test(value));
}
