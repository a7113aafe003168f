import { Module } from '@nestjs/common';
import { CellReader } from './cell-reader.js';
import { CellsController } from './cells.controller.js';

@Module({ controllers: [CellsController], providers: [CellReader] })
export class CellsHttpModule {}
