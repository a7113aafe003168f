import { LONGEST_TOKEN_SECONDS } from '@bulkhead/domain/context';
import { BulkheadError, type Redacted } from '@bulkhead/kernel';
import { SigningKeyEntity, UnitOfWork, type SigningKeyState } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/index.js';
import type { MadeSigningKey } from './token-vault.js';

/** How long a key signs before the next one takes over. */
export const SIGNING_DAYS = 30;
/** Any constant will do: only one rotation at a time. */
const ROTATION_LOCK = 7_264_121;
/** Verifiers keep the published keys for some minutes, and a key must be published for longer before it signs. */
const SETTLING_SECONDS = LONGEST_TOKEN_SECONDS + 5 * 60;

export class RotateSigningKeysBody {
  @ApiPropertyOptional({
    default: false,
    description: 'The current key has leaked: publish it no more, so that no token of it is accepted.',
  })
  @MayBeAbsent()
  @IsBoolean()
  withdrawCurrent: boolean = false;
}

export class SigningKeysRotated {
  @ApiProperty({ description: 'Key that signs now.' }) current!: string;
  @ApiProperty({ description: 'Key that is published and will sign next.' }) next!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Key whose tokens are still accepted.' })
  previous!: string | null;
}

@Gated<RotateSigningKeys, SigningKeysRotated>({
  name: 'signing_key.rotate',
  // The API rotates by itself when a key is due.
  roles: ['platform-admin', 'workload'],
  audit: ({ request: { withdrawCurrent } }, keys) => ({
    subject: keys ? { kind: 'signing_key', id: keys.current } : null,
    details: { withdrawCurrent, ...keys },
  }),
})
export class RotateSigningKeys extends Command<SigningKeysRotated> {
  /**
   * `made` holds two new keys, of which as many are used as are missing. It is redacted so that it takes no part in the
   * idempotency fingerprint.
   */
  constructor(
    readonly request: {
      readonly withdrawCurrent: boolean;
      readonly onlyIfDue: boolean;
      readonly made: Redacted<readonly MadeSigningKey[]>;
    },
  ) {
    super();
  }
}

/** Makes the next key the current one and publishes a new next one. The first time it makes both. */
@CommandHandler(RotateSigningKeys)
export class RotateSigningKeysHandler implements ICommandHandler<RotateSigningKeys> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { withdrawCurrent, onlyIfDue, made } }: RotateSigningKeys): Promise<SigningKeysRotated> {
    const { manager } = this.work;
    await manager.query('select pg_advisory_xact_lock($1)', [ROTATION_LOCK]);
    const keys = await publishedKeys(manager);
    const current = keys.get('current');
    // Whoever held the lock before may have done it already.
    if (onlyIfDue && current && !isDue(current)) return named(keys);
    if (current && !onlyIfDue && !withdrawCurrent) requireSettled(current);
    const spare = [...made.reveal()];
    await retire(manager, keys.get('previous'));
    await (withdrawCurrent ? retire(manager, current) : demote(manager, current));
    await promote(manager, keys.get('next')?.id ?? (await add(manager, spare.shift())));
    await add(manager, spare.shift());
    return named(await publishedKeys(manager));
  }
}

export function isDue({ promotedAt }: Pick<SigningKeyEntity, 'promotedAt'>): boolean {
  return secondsSince(promotedAt) >= SIGNING_DAYS * 86_400;
}

async function publishedKeys(manager: EntityManager): Promise<Map<SigningKeyState, SigningKeyEntity>> {
  const rows = await manager.find(SigningKeyEntity);
  return new Map(rows.filter(({ state }) => state !== 'retired').map((row) => [row.state, row]));
}

function named(keys: ReadonlyMap<SigningKeyState, SigningKeyEntity>): SigningKeysRotated {
  const [current, next] = [keys.get('current'), keys.get('next')];
  if (!current || !next) throw new Error('There is no current or no next signing key after a rotation');
  return { current: current.id, next: next.id, previous: keys.get('previous')?.id ?? null };
}

/** A key that signs no more loses its private part. */
async function demote(manager: EntityManager, key: SigningKeyEntity | undefined): Promise<void> {
  if (key) await manager.update(SigningKeyEntity, { id: key.id }, { state: 'previous', privateWrapped: null });
}

async function retire(manager: EntityManager, key: SigningKeyEntity | undefined): Promise<void> {
  const retired = { state: 'retired', privateWrapped: null, retiredAt: new Date() } as const;
  if (key) await manager.update(SigningKeyEntity, { id: key.id }, retired);
}

async function promote(manager: EntityManager, id: string): Promise<void> {
  await manager.update(SigningKeyEntity, { id }, { state: 'current', promotedAt: new Date() });
}

async function add(manager: EntityManager, key: MadeSigningKey | undefined): Promise<string> {
  if (!key) throw new Error('A rotation needs two new keys');
  await manager.insert(SigningKeyEntity, { ...key, state: 'next', promotedAt: null, retiredAt: null });
  return key.id;
}

function requireSettled({ promotedAt }: SigningKeyEntity): void {
  const seconds = secondsSince(promotedAt);
  if (seconds >= SETTLING_SECONDS) return;
  const wait = Math.ceil((SETTLING_SECONDS - seconds) / 60);
  throw new BulkheadError({
    code: 'rotated_recently',
    status: 409,
    publicMessage: 'The signing keys were rotated a few minutes ago; tokens of the previous key are still in use.',
    remediation: `Rotate again in ${wait} minutes, or withdraw the current key if it has leaked.`,
  });
}

function secondsSince(time: Date | null): number {
  return time === null ? Infinity : (Date.now() - time.getTime()) / 1000;
}
