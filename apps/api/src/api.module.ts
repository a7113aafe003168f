import {
  AccessHttpModule,
  AuditHttpModule,
  CatalogHttpModule,
  CellsHttpModule,
  ChangeRequestsHttpModule,
  ClassificationHttpModule,
  COMMAND_MODULES,
  CloudQuotasHttpModule,
  DriftHttpModule,
  FleetHttpModule,
  GateModule,
  HealthHttpModule,
  IsolationHttpModule,
  LandingZonesHttpModule,
  LegalHoldsHttpModule,
  OperationsHttpModule,
  SupportGrantsHttpModule,
  TenantsHttpModule,
  TokensHttpModule,
} from '@bulkhead/control';
import type { Redacted } from '@bulkhead/kernel';
import { Module, type DynamicModule } from '@nestjs/common';
import type { DataSource } from 'typeorm';

export interface ApiModuleOptions {
  /** Control database, as the role `bulkhead_api`. */
  readonly source: DataSource;
  readonly bucketPrefix: string;
  readonly auditPublicKeys: readonly string[];
  /** `iss` of tenants' tokens: the address that this API is reached at. */
  readonly tokenIssuer: string;
  /** 32 random bytes that open the token service's keys. */
  readonly tokenSecret: Redacted<Uint8Array>;
}

@Module({})
export class ApiModule {
  static of({ source, bucketPrefix, auditPublicKeys, tokenIssuer, tokenSecret }: ApiModuleOptions): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        GateModule.over(source),
        ...COMMAND_MODULES,
        AccessHttpModule,
        AuditHttpModule.verifiedBy(auditPublicKeys),
        CatalogHttpModule,
        CellsHttpModule,
        ChangeRequestsHttpModule,
        ClassificationHttpModule,
        CloudQuotasHttpModule,
        DriftHttpModule,
        FleetHttpModule,
        HealthHttpModule,
        IsolationHttpModule,
        LandingZonesHttpModule.named(bucketPrefix),
        LegalHoldsHttpModule,
        OperationsHttpModule,
        SupportGrantsHttpModule,
        TenantsHttpModule,
        TokensHttpModule.signing({ issuer: tokenIssuer, secret: tokenSecret }),
      ],
    };
  }
}
