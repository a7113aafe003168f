import { Module } from '@nestjs/common';
import { OperationEvents } from './operation-events.js';
import { OperationReader } from './operation-reader.js';
import { OperationsController } from './operations.controller.js';

@Module({ controllers: [OperationsController], providers: [OperationReader, OperationEvents] })
export class OperationsHttpModule {}
