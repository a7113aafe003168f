import { AuditLog } from '@bulkhead/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditController } from './audit.controller.js';

@Module({})
export class AuditHttpModule {
  /** @param publicKeys verifier keys of the log, named in exports for information. */
  static verifiedBy(publicKeys: readonly string[]): DynamicModule {
    return {
      module: AuditHttpModule,
      controllers: [AuditController],
      providers: [
        {
          provide: AuditLog,
          inject: [DataSource],
          useFactory: (source: DataSource) => new AuditLog(source, publicKeys),
        },
      ],
    };
  }
}
