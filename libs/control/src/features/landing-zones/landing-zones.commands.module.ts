import { Module } from '@nestjs/common';
import { ApplyLandingZoneHandler } from './apply-landing-zone.js';
import { RecordLandingZoneHandler } from './record-landing-zone.js';

@Module({ providers: [ApplyLandingZoneHandler, RecordLandingZoneHandler] })
export class LandingZonesCommandsModule {}
