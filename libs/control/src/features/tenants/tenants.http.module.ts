import { Module } from '@nestjs/common';
import { TenantEntitlementsController } from './tenant-entitlements.controller.js';
import { TenantReader } from './tenant-reader.js';
import { TenantStandingController } from './tenant-standing.controller.js';
import { TenantsController } from './tenants.controller.js';

@Module({
  controllers: [TenantsController, TenantStandingController, TenantEntitlementsController],
  providers: [TenantReader],
})
export class TenantsHttpModule {}
