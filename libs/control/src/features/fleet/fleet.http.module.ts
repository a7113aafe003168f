import { Module } from '@nestjs/common';
import { FleetController } from './fleet.controller.js';
import { ApprovedLossReader } from './approved-loss-reader.js';
import { FleetReader } from './fleet-reader.js';

@Module({ controllers: [FleetController], providers: [FleetReader, ApprovedLossReader] })
export class FleetHttpModule {}
