import { REVOCATION_SECONDS, type TokenRevocation } from '@bulkhead/domain/context';
import type { TokenRevocationEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class TokenRevocationView implements TokenRevocation {
  @ApiProperty() tenantId!: string;
  @ApiProperty({ type: String, nullable: true, description: 'The one token (jti) that is meant.' })
  tokenId!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The subject whose tokens are meant.' })
  subject!: string | null;
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Tokens issued (iat) up to this second are meant. Null when one token is named.',
  })
  issuedUpTo!: number | null;
}

export class TokenRevocationList {
  @ApiProperty({ type: [TokenRevocationView] }) data!: TokenRevocationView[];
  @ApiProperty({ description: 'How often to ask again.' }) pollSeconds!: number;
  @ApiProperty({ enum: [REVOCATION_SECONDS], description: 'Accept no token by a list that is older than this.' })
  staleSeconds!: number;
}

/** Three tries fit before the list is stale. */
export const POLL_SECONDS = REVOCATION_SECONDS / 3;

export function revocationOf({ tenantId, tokenId, subject, issuedUpTo }: TokenRevocationEntity): TokenRevocation {
  return { tenantId, tokenId, subject, issuedUpTo: issuedUpTo === null ? null : Number(issuedUpTo) };
}
