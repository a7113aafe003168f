import { Module } from '@nestjs/common';
import { ContextKeyReader } from './context-key-reader.js';
import { ExchangeContextHandler } from './exchange-context.js';
import { IssueTenantTokenHandler } from './issue-tenant-token.js';
import { RecordContextKeyHandler } from './record-context-key.js';
import { RevokeTenantTokensHandler } from './revoke-tenant-tokens.js';
import { RotateSigningKeysHandler } from './rotate-signing-keys.js';

@Module({
  providers: [
    ContextKeyReader,
    IssueTenantTokenHandler,
    ExchangeContextHandler,
    RevokeTenantTokensHandler,
    RotateSigningKeysHandler,
    RecordContextKeyHandler,
  ],
  exports: [ContextKeyReader],
})
export class TokensCommandsModule {}
