import { Module } from '@nestjs/common';
import { FleetReader } from './fleet-reader.js';
import { RecordStackHandler } from './record-stack.js';

@Module({ providers: [RecordStackHandler, FleetReader], exports: [FleetReader] })
export class FleetCommandsModule {}
