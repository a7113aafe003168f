import { Module } from '@nestjs/common';
import { GrantEntitlementsHandler } from './grant-entitlements.js';

@Module({ providers: [GrantEntitlementsHandler] })
export class EntitlementsCommandsModule {}
