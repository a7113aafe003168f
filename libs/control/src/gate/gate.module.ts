import { UnitOfWork } from '@bulkhead/store';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { DataSource } from 'typeorm';
import { CommandGate } from './gate.js';

/** Gives every feature the control database, its unit of work and the one gate. */
@Global()
@Module({})
export class GateModule {
  static over(source: DataSource): DynamicModule {
    return {
      module: GateModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: DataSource, useValue: source },
        { provide: UnitOfWork, useValue: new UnitOfWork(source) },
        CommandGate,
      ],
      exports: [DataSource, UnitOfWork, CommandGate],
    };
  }
}
