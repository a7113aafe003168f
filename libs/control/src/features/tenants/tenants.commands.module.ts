import { Module } from '@nestjs/common';
import { CreateTenantHandler } from './create-tenant.js';
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
  ],
})
export class TenantsCommandsModule {}
