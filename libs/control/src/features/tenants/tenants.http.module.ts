import { Module } from '@nestjs/common';
import { TenantReader } from './tenant-reader.js';
import { TenantsController } from './tenants.controller.js';

@Module({ controllers: [TenantsController], providers: [TenantReader] })
export class TenantsHttpModule {}
