import { Module } from '@nestjs/common';
import { RequestSupportHandler } from './request-support.js';
import { ApproveSupportHandler, EndSupportHandler } from './settle-support.js';

@Module({ providers: [RequestSupportHandler, ApproveSupportHandler, EndSupportHandler] })
export class SupportGrantsCommandsModule {}
