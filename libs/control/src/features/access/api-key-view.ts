import type { ApiKeyEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class ApiKeyView {
  @ApiProperty({ example: 'key_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ type: [String] }) roles!: string[];
  @ApiProperty({ description: 'First characters of the SHA-256 of the key: tells keys apart.' }) fingerprint!: string;
  @ApiProperty({ example: 'user:…' }) createdBy!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) revokedAt!: string | null;
}

export class ApiKeyPage {
  @ApiProperty({ type: [ApiKeyView] }) data!: ApiKeyView[];
  @ApiProperty() hasMore!: boolean;
}

export function viewApiKey({
  id,
  name,
  roles,
  digest,
  createdBy,
  createdAt,
  expiresAt,
  revokedAt,
}: ApiKeyEntity): ApiKeyView {
  const times = {
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    revokedAt: revokedAt?.toISOString() ?? null,
  };
  return { id, name, roles, fingerprint: fingerprint(digest), createdBy, ...times };
}

export function fingerprint(digest: Buffer): string {
  return digest.toString('hex').slice(0, 12);
}
