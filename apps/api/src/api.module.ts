import {
  AccessCommandsModule,
  AccessHttpModule,
  AuditHttpModule,
  CatalogCommandsModule,
  CatalogHttpModule,
  CellsCommandsModule,
  CellsHttpModule,
  EntitlementsCommandsModule,
  GateModule,
  HealthHttpModule,
  LandingZonesCommandsModule,
  LandingZonesHttpModule,
  OperationsCommandsModule,
  OperationsHttpModule,
  PlacementsCommandsModule,
  SubscriptionsCommandsModule,
  TenantsCommandsModule,
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
        AccessCommandsModule,
        CatalogCommandsModule,
        CellsCommandsModule,
        EntitlementsCommandsModule,
        LandingZonesCommandsModule,
        OperationsCommandsModule,
        PlacementsCommandsModule,
        SubscriptionsCommandsModule,
        TenantsCommandsModule,
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
