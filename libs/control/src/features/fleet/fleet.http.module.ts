import { Module } from '@nestjs/common';
import { FleetController } from './fleet.controller.js';
import { FleetReader } from './fleet-reader.js';

@Module({ controllers: [FleetController], providers: [FleetReader] })
export class FleetHttpModule {}
