import { Module } from '@nestjs/common';
import { TenantReader } from './tenant-reader.js';
import { TenantStandingController } from './tenant-standing.controller.js';
import { TenantsController } from './tenants.controller.js';

@Module({ controllers: [TenantsController, TenantStandingController], providers: [TenantReader] })
export class TenantsHttpModule {}
