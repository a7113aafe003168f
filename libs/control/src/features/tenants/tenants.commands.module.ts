import { Module } from '@nestjs/common';
import { CreateTenantHandler } from './create-tenant.js';
import { OverrideEntitlementHandler, RemoveEntitlementOverrideHandler } from './override-entitlement.js';
import { ResumeTenantHandler } from './resume-tenant.js';
import { SetMaintenanceHandler } from './set-maintenance.js';
import { AbandonTenantHandler, ActivateTenantHandler } from './settle-tenant.js';
import { SuspendTenantHandler } from './suspend-tenant.js';

@Module({
  providers: [
    CreateTenantHandler,
    ActivateTenantHandler,
    AbandonTenantHandler,
    SuspendTenantHandler,
    ResumeTenantHandler,
    SetMaintenanceHandler,
    OverrideEntitlementHandler,
    RemoveEntitlementOverrideHandler,
  ],
})
export class TenantsCommandsModule {}
