import {
  AccessHttpModule,
  AuditHttpModule,
  CatalogHttpModule,
  CellsHttpModule,
  COMMAND_MODULES,
  GateModule,
  HealthHttpModule,
  LandingZonesHttpModule,
  OperationsHttpModule,
  TenantsHttpModule,
} from '@bulkhead/control';
import { Module, type DynamicModule } from '@nestjs/common';
import type { DataSource } from 'typeorm';

export interface ApiModuleOptions {
  /** Control database, as the role `bulkhead_api`. */
  readonly source: DataSource;
  readonly bucketPrefix: string;
  readonly auditPublicKeys: readonly string[];
}

@Module({})
export class ApiModule {
  static of({ source, bucketPrefix, auditPublicKeys }: ApiModuleOptions): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        GateModule.over(source),
        ...COMMAND_MODULES,
        AccessHttpModule,
        AuditHttpModule.verifiedBy(auditPublicKeys),
        CatalogHttpModule,
        CellsHttpModule,
        HealthHttpModule,
        LandingZonesHttpModule.named(bucketPrefix),
        OperationsHttpModule,
        TenantsHttpModule,
      ],
    };
  }
}
