import { Module } from '@nestjs/common';
import { CreateApiKeyHandler } from './create-api-key.js';
import { RevokeApiKeyHandler } from './revoke-api-key.js';

@Module({ providers: [CreateApiKeyHandler, RevokeApiKeyHandler] })
export class AccessCommandsModule {}
