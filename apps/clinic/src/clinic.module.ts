import type { TenantQueues, TenantStorage } from '@bulkhead/tenancy';
import { TenancyModule, type TenancyModuleOptions } from '@bulkhead/tenancy/nest';
import { Module, type DynamicModule } from '@nestjs/common';
import { Appointments } from './appointments/appointments.js';
import { AppointmentsController } from './appointments/appointments.controller.js';
import { Claims } from './claims/claims.js';
import { ClaimsController } from './claims/claims.controller.js';
import type { ClinicDatabase } from './database/clinic-database.js';
import { Documents } from './documents/documents.js';
import { DocumentsController } from './documents/documents.controller.js';
import { HealthController } from './health.controller.js';
import { Patients } from './patients/patients.js';
import { PatientsController } from './patients/patients.controller.js';
import type { Phi } from './phi/phi.js';
import { OrgUnits } from './units/org-units.js';
import { OrgUnitsController } from './units/org-units.controller.js';

/** What the features work with. */
export interface ClinicParts {
  readonly database: ClinicDatabase;
  readonly phi: Phi;
  readonly storage: Pick<TenantStorage, 'put' | 'get' | 'delete'>;
  readonly queues: Pick<TenantQueues, 'send'>;
}

@Module({})
export class ClinicModule {
  static of(tenancy: TenancyModuleOptions, { database, phi, storage, queues }: ClinicParts): DynamicModule {
    return {
      module: ClinicModule,
      imports: [TenancyModule.forRoot(tenancy)],
      controllers: [
        HealthController,
        OrgUnitsController,
        PatientsController,
        AppointmentsController,
        ClaimsController,
        DocumentsController,
      ],
      providers: [
        { provide: OrgUnits, useValue: new OrgUnits(database) },
        { provide: Patients, useValue: new Patients(database, phi) },
        { provide: Appointments, useValue: new Appointments(database) },
        { provide: Claims, useValue: new Claims(database, queues) },
        { provide: Documents, useValue: new Documents(database, phi, storage) },
      ],
    };
  }
}
