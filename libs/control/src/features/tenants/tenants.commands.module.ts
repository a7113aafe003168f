import { Module } from '@nestjs/common';
import { CreateTenantHandler } from './create-tenant.js';
import { AbandonTenantHandler, ActivateTenantHandler } from './settle-tenant.js';

@Module({ providers: [CreateTenantHandler, ActivateTenantHandler, AbandonTenantHandler] })
export class TenantsCommandsModule {}
