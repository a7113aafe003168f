import { Module } from '@nestjs/common';
import { RecordLandingZoneHandler } from './record-landing-zone.js';

@Module({ providers: [RecordLandingZoneHandler] })
export class LandingZonesCommandsModule {}
