import { Module } from '@nestjs/common';
import { CreateCellHandler } from './create-cell.js';
import { RecordCellHandler } from './record-cell.js';

@Module({ providers: [CreateCellHandler, RecordCellHandler] })
export class CellsCommandsModule {}
