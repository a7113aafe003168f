import { LONGEST_TOKEN_SECONDS, SUBJECT_KINDS, type SubjectKind } from '@bulkhead/domain/context';
import { BulkheadError, type Redacted, type TenantId, type TokenId } from '@bulkhead/kernel';
import { issueSecond, supportGrantEnd, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsObject,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Gated } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/index.js';
import { placeOf, requireIssuable, requireProbe, type Place } from './token-grant.js';

const SUBJECT = /^[\x21-\x7e]{1,200}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
const SHORTEST_SECONDS = 30;

export class TokenSubjectBody {
  @ApiProperty({ enum: SUBJECT_KINDS })
  @IsIn(SUBJECT_KINDS)
  kind!: SubjectKind;

  @ApiProperty({ pattern: SUBJECT.source, description: 'Id of the person or service. An id, not a name.' })
  @Matches(SUBJECT, { message: 'id must be 1 to 200 visible ASCII characters' })
  id!: string;
}

export class IssueTenantTokenBody {
  @ApiProperty({ pattern: NAME.source, description: 'The service that may accept the token.', example: 'clinic' })
  @Matches(NAME, { message: 'audience must be letters, digits and . _ : / -' })
  audience!: string;

  @ApiProperty({ type: TokenSubjectBody })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => TokenSubjectBody)
  subject!: TokenSubjectBody;

  @ApiProperty({
    type: [String],
    maxItems: 32,
    uniqueItems: true,
    description: 'Rights inside the tenant: roles of a person, scopes of a service.',
    example: ['clinician'],
  })
  @IsArray()
  @ArrayMaxSize(32)
  @ArrayUnique()
  @Matches(NAME, { each: true, message: 'each of the roles must be letters, digits and . _ : / -' })
  roles!: string[];

  @ApiPropertyOptional({ pattern: NAME.source, description: 'Org unit that the rights are limited to.' })
  @MayBeAbsent()
  @Matches(NAME, { message: 'unit must be letters, digits and . _ : / -' })
  unit?: string;

  @ApiPropertyOptional({
    pattern: SUBJECT.source,
    description: 'Service that acts for the person; the rights stay those of the person.',
  })
  @MayBeAbsent()
  @Matches(SUBJECT, { message: 'actor must be 1 to 200 visible ASCII characters' })
  actor?: string;

  @ApiPropertyOptional({
    default: false,
    description: 'For services that reach the database: put a signed database context into the token.',
  })
  @MayBeAbsent()
  @IsBoolean()
  database: boolean = false;

  @ApiPropertyOptional({ minimum: SHORTEST_SECONDS, maximum: LONGEST_TOKEN_SECONDS, default: 600 })
  @MayBeAbsent()
  @IsInt()
  @Min(SHORTEST_SECONDS)
  @Max(LONGEST_TOKEN_SECONDS)
  lifetimeSeconds: number = 600;
}

/** What was decided: everything that is in the token but what makes it one. May be kept. */
export interface TokenGrant {
  readonly tokenId: TokenId;
  readonly tenantId: TenantId;
  /** Unix time, seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly place: Place | null;
}

@Gated<IssueTenantToken, TokenGrant>({
  name: 'tenant_token.issue',
  roles: ['platform-admin', 'tenancy-issuer', 'tenancy-worker', 'isolation-prover'],
  audit: ({ request: { tenantId, audience, subject, roles, unit, actor, database } }, grant) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: {
      audience,
      subject: `${subject.kind}:${subject.id}`,
      roles: [...roles],
      ...(unit !== undefined && { unit }),
      ...(actor !== undefined && { actor }),
      database,
      ...(grant && { tokenId: grant.tokenId, expiresAt: grant.expiresAt }),
    },
  }),
})
export class IssueTenantToken extends Command<TokenGrant> {
  /**
   * `tokenId` is redacted so that it takes no part in the idempotency fingerprint: a repeated request brings an id of
   * its own, and is known by getting another one back.
   */
  constructor(
    readonly request: IssueTenantTokenBody & {
      readonly tenantId: TenantId;
      readonly tokenId: Redacted<TokenId>;
      /** The one service that the caller gets tokens for: itself. Null for whoever may have them for anybody. */
      readonly onlyService: string | null;
      /** Whether the caller gets tokens for tenants of the isolation proof only. */
      readonly probesOnly: boolean;
    },
  ) {
    super();
  }
}

/** Decides whether the tenant gets a token now, and for which place. The token itself is made outside of the gate. */
@CommandHandler(IssueTenantToken)
export class IssueTenantTokenHandler implements ICommandHandler<IssueTenantToken> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: IssueTenantToken): Promise<TokenGrant> {
    const { tenantId, tokenId, subject, roles, actor, database, lifetimeSeconds, probesOnly } = request;
    const { manager } = this.work;
    requireOwn(request);
    if (probesOnly) await requireProbe(manager, tenantId);
    if (actor !== undefined && subject.kind !== 'person') throw actorWithoutPerson();
    await requireIssuable(manager, tenantId);
    const issuedAt = await issueSecond(manager, tenantId);
    const place = database ? await placeOf(manager, tenantId) : null;
    const wanted = issuedAt + lifetimeSeconds;
    const expiresAt = Math.min(wanted, (await supportGrantEnd(manager, tenantId, subject, roles)) ?? wanted);
    return { tokenId: tokenId.reveal(), tenantId, issuedAt, expiresAt, place };
  }
}

/** A service that works by itself is nobody else, and has no rights but those of a service without roles. */
function requireOwn({ onlyService, subject, roles, actor, unit }: IssueTenantToken['request']): void {
  if (onlyService === null) return;
  const own = subject.kind === 'service' && subject.id === onlyService;
  if (own && roles.length === 0 && actor === undefined && unit === undefined) return;
  throw new BulkheadError({
    code: 'token_not_own',
    status: 403,
    publicMessage: 'You may have tokens for yourself only, as a service without roles.',
    remediation: 'Name yourself as the subject, of kind service, and leave roles, actor and unit out.',
  });
}

function actorWithoutPerson(): BulkheadError {
  return new BulkheadError({
    code: 'actor_without_person',
    status: 422,
    publicMessage: 'A service can only act for a person.',
    remediation: 'Leave actor out, or name a person as the subject.',
    errors: [{ pointer: '/actor', message: 'Only with a subject of kind person.' }],
  });
}
