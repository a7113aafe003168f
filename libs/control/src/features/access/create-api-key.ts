import { BulkheadError, newId, type Id, type Redacted } from '@bulkhead/kernel';
import { ApiKeyEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsArray, IsIn, IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';
import { Gated, principalName, ROLES, type Principal, type Role } from '../../gate/index.js';
import { viewApiKey, type ApiKeyView } from './api-key-view.js';
import { MayBeAbsent } from '../../http/index.js';

/** `workload` is the worker's own identity and cannot be given away. */
export const GRANTABLE_ROLES = ROLES.filter((role) => role !== 'workload');
const LONGEST_DAYS = 365;
const DAY_MS = 86_400_000;

export class CreateApiKeyBody {
  @ApiProperty({ minLength: 1, maxLength: 100, description: 'What the key is for.', example: 'release pipeline' })
  @IsString()
  @Length(1, 100)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'name must not hold control characters' })
  name!: string;

  @ApiProperty({
    enum: GRANTABLE_ROLES,
    isArray: true,
    minItems: 1,
    uniqueItems: true,
    description: 'Among your own roles.',
  })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(GRANTABLE_ROLES, { each: true })
  roles!: Role[];

  @ApiPropertyOptional({ minimum: 1, maximum: LONGEST_DAYS, default: 90 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(LONGEST_DAYS)
  expiresInDays: number = 90;
}

@Gated<CreateApiKey, ApiKeyView>({
  name: 'api_key.create',
  roles: ['platform-admin', 'sales-ops', 'approver', 'auditor', 'ci'],
  audit: ({ request: { roles, expiresInDays } }, key) => ({
    subject: key ? { kind: 'api_key', id: key.id } : null,
    details: { roles: [...roles], expiresInDays },
  }),
})
export class CreateApiKey extends Command<ApiKeyView> {
  /**
   * `digest` is redacted so that it takes no part in the idempotency fingerprint: a repeated request brings a key of
   * its own, which is then not used.
   */
  constructor(readonly request: CreateApiKeyBody & { readonly creator: Principal; readonly digest: Redacted<Buffer> }) {
    super();
  }
}

/** Stores the digest of a key that only the caller of this command knows. */
@CommandHandler(CreateApiKey)
export class CreateApiKeyHandler implements ICommandHandler<CreateApiKey> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { name, roles, expiresInDays, creator, digest } }: CreateApiKey): Promise<ApiKeyView> {
    const { manager } = this.work;
    // A key that could make keys would never have to expire.
    if (creator.kind !== 'user') throw onlyUsers();
    const beyond = roles.filter((role) => !creator.roles.includes(role));
    if (beyond.length > 0) throw beyondOwnRoles(beyond);
    const id: Id<'apiKey'> = newId('apiKey');
    const expiresAt = new Date(Date.now() + expiresInDays * DAY_MS);
    const row = {
      id,
      name,
      digest: digest.reveal(),
      roles,
      createdBy: principalName(creator),
      expiresAt,
      revokedAt: null,
    };
    await manager.insert(ApiKeyEntity, row);
    return viewApiKey(await manager.findOneByOrFail(ApiKeyEntity, { id }));
  }
}

function onlyUsers(): BulkheadError {
  return new BulkheadError({
    code: 'api_key_not_allowed',
    status: 403,
    publicMessage: 'An API key cannot make API keys.',
    remediation: 'Sign in as a person and make the key with that token.',
  });
}

function beyondOwnRoles(roles: readonly Role[]): BulkheadError {
  return new BulkheadError({
    code: 'roles_beyond_own',
    status: 403,
    publicMessage: `You cannot give away roles that you do not have: ${roles.join(', ')}.`,
    remediation: 'Leave these roles out, or ask somebody who has them to make the key.',
    errors: [{ pointer: '/roles', message: `Not among your roles: ${roles.join(', ')}.` }],
  });
}
