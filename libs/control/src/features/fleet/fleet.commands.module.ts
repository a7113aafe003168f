import { Module } from '@nestjs/common';
import { RecordStackHandler } from './record-stack.js';

@Module({ providers: [RecordStackHandler] })
export class FleetCommandsModule {}
