import { Module } from '@nestjs/common';
import { ReportOperationHandler } from './report-operation.js';

@Module({ providers: [ReportOperationHandler] })
export class OperationsCommandsModule {}
