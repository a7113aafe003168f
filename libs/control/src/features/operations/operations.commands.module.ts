import { Module } from '@nestjs/common';
import { CancelOperationHandler } from './cancel-operation.js';
import { ReportOperationHandler } from './report-operation.js';
import { RetryOperationHandler } from './retry-operation.js';

@Module({ providers: [ReportOperationHandler, RetryOperationHandler, CancelOperationHandler] })
export class OperationsCommandsModule {}
