import { Module } from '@nestjs/common';
import { ApplyFleetPlanHandler } from './apply-plan.js';
import { FleetPlanReader } from './fleet-plan-reader.js';
import { FleetReader } from './fleet-reader.js';
import { KeepFleetPlanHandler } from './keep-plan.js';
import { RecordStackHandler } from './record-stack.js';
import { BeginPlanStackHandler, ClosePlanStackHandler, FinishPlanStackHandler } from './settle-plan-stack.js';

@Module({
  providers: [
    RecordStackHandler,
    KeepFleetPlanHandler,
    ApplyFleetPlanHandler,
    BeginPlanStackHandler,
    ClosePlanStackHandler,
    FinishPlanStackHandler,
    FleetReader,
    FleetPlanReader,
  ],
  exports: [FleetReader, FleetPlanReader],
})
export class FleetCommandsModule {}
