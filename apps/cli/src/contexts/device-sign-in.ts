import { BulkheadError } from '@bulkhead/kernel';
import {
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  ResponseBodyError,
  type Configuration,
  type DeviceAuthorizationResponse,
  type TokenEndpointResponse,
} from 'openid-client';
import type { Session } from '../session.js';
import type { SignedIn } from './context-store.js';
import { asked, isOutage, openProvider, unusable } from './identity-provider.js';
import { tokensOf } from './signed-in.js';

export interface DeviceSignIn {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** Name of the API, for providers that want it as a parameter. */
  readonly audience?: string | undefined;
  /** Longest wait for the person, milliseconds; never longer than the code is good for. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Signs a person in by the device authorization grant (RFC 8628): says where to enter which code, and waits.
 * @throws BulkheadError `sign_in_timeout` (504) when nobody entered the code, `sign_in_refused` (401) when somebody said
 * no, `identity_provider_unusable` (503).
 */
export async function signInByDevice(session: Session, request: DeviceSignIn): Promise<SignedIn> {
  const { issuer, clientId, scope, audience, timeoutMs } = request;
  const provider = await openProvider(request);
  if (provider.serverMetadata().device_authorization_endpoint === undefined)
    throw unusable(issuer, 'it offers no device authorization');
  const asking = { scope, ...(audience && { audience }) };
  const begun = await asked(issuer, initiateDeviceAuthorization(provider, asking));
  const waitMs = Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, begun.expires_in * 1000);
  tell(session, begun, waitMs);
  session.terminal.whenInterrupted = 'Nobody was signed in.';
  const tokens = await asked(issuer, waited(provider, begun, AbortSignal.timeout(waitMs)));
  return { kind: 'signed-in', issuer, clientId, ...tokensOf(tokens) };
}

function tell(session: Session, begun: DeviceAuthorizationResponse, waitMs: number): void {
  session.note(`To sign in, open ${begun.verification_uri} in a browser and enter the code ${begun.user_code}`);
  if (begun.verification_uri_complete) session.note(`or open ${begun.verification_uri_complete}`);
  const minutes = Math.ceil(waitMs / 60_000);
  session.note(`Waiting for at most ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} …`);
}

/** The library keeps to the provider's interval and slows down when it is told to. */
async function waited(
  provider: Configuration,
  begun: DeviceAuthorizationResponse,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  for (let interval = begun.interval ?? 5; ; interval *= 2) {
    try {
      return await pollDeviceAuthorizationGrant(provider, { ...begun, interval }, undefined, { signal });
    } catch (error) {
      const expired = error instanceof ResponseBodyError && error.error === 'expired_token';
      if (expired || signal.aborted) throw tooLate(error);
      // RFC 8628, section 3.5: after a lost connection, more slowly.
      if (!isOutage(error)) throw error;
    }
  }
}

function tooLate(cause: unknown): BulkheadError {
  return new BulkheadError({
    code: 'sign_in_timeout',
    status: 504,
    publicMessage: 'Nobody entered the code in time.',
    remediation: 'Run the command again for a new code.',
    cause,
  });
}
