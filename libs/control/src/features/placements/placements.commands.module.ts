import { Module } from '@nestjs/common';
import { PlacementReader } from './placement-reader.js';
import { RecordBoundHandler, RecordDedicatedStackHandler, RecordRosterRunHandler } from './record-outcome.js';
import { ReservePlacementHandler } from './reserve-placement.js';
import { RecordRetiredHandler, RetirePlacementHandler } from './retire-placement.js';

@Module({
  providers: [
    PlacementReader,
    ReservePlacementHandler,
    RecordRosterRunHandler,
    RecordDedicatedStackHandler,
    RecordBoundHandler,
    RetirePlacementHandler,
    RecordRetiredHandler,
  ],
  exports: [PlacementReader],
})
export class PlacementsCommandsModule {}
