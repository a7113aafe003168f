import { Module } from '@nestjs/common';
import { RecordCellHandler } from './record-cell.js';

@Module({ providers: [RecordCellHandler] })
export class CellsCommandsModule {}
