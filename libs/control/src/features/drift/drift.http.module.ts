import { Module } from '@nestjs/common';
import { DriftReader } from './drift-reader.js';
import { DriftController } from './drift.controller.js';

@Module({ controllers: [DriftController], providers: [DriftReader] })
export class DriftHttpModule {}
