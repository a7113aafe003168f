import { Module } from '@nestjs/common';
import { DriftReader } from './drift-reader.js';
import { EndDriftHandler } from './end-drift.js';
import { RecordDriftHandler } from './record-drift.js';
import { RunDriftHandler } from './run-drift.js';

@Module({ providers: [DriftReader, RunDriftHandler, RecordDriftHandler, EndDriftHandler], exports: [DriftReader] })
export class DriftCommandsModule {}
