import { Module } from '@nestjs/common';
import { FleetPlanReader } from './fleet-plan-reader.js';
import { FleetPlansController } from './fleet-plans.controller.js';
import { FleetController } from './fleet.controller.js';
import { ApprovedLossReader } from './approved-loss-reader.js';
import { FleetReader } from './fleet-reader.js';

@Module({
  controllers: [FleetController, FleetPlansController],
  providers: [FleetReader, ApprovedLossReader, FleetPlanReader],
})
export class FleetHttpModule {}
