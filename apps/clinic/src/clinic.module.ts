import { Module, type DynamicModule } from '@nestjs/common';
import { Appointments } from './appointments/appointments.js';
import { AppointmentsController } from './appointments/appointments.controller.js';
import { Claims } from './claims/claims.js';
import { ClaimsController } from './claims/claims.controller.js';
import { ClinicDatabase } from './database/clinic-database.js';
import { HealthController } from './health.controller.js';
import { Patients } from './patients/patients.js';
import { PatientsController } from './patients/patients.controller.js';
import { OrgUnits } from './units/org-units.js';
import { OrgUnitsController } from './units/org-units.controller.js';

@Module({})
export class ClinicModule {
  static over(database: ClinicDatabase): DynamicModule {
    const services = [OrgUnits, Patients, Appointments, Claims];
    return {
      module: ClinicModule,
      controllers: [HealthController, OrgUnitsController, PatientsController, AppointmentsController, ClaimsController],
      providers: services.map((service) => ({ provide: service, useValue: new service(database) })),
    };
  }
}
