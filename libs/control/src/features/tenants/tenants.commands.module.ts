import { Module } from '@nestjs/common';
import { AbandonTenantHandler, ActivateTenantHandler } from './settle-tenant.js';

@Module({ providers: [ActivateTenantHandler, AbandonTenantHandler] })
export class TenantsCommandsModule {}
