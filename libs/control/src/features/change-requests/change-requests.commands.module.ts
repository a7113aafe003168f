import { Module } from '@nestjs/common';
import { ApplyChangeHandler } from './apply-change.js';
import { BeginRemedyHandler, ConfirmRemedyHandler, SettleRemedyHandler } from './apply-remedy.js';
import {
  CancelChangeHandler,
  ExpireChangeHandler,
  ScheduleChangeHandler,
  UnscheduleChangeHandler,
} from './change-life.js';
import { ChangeReader } from './change-reader.js';
import { CreateQuoteHandler } from './create-quote.js';
import { ApproveChangeHandler, RejectChangeHandler } from './decide-change.js';
import { RequestChangeHandler } from './request-change.js';
import { RequestRemedyHandler } from './request-remedy.js';
import { RequestStateLossHandler } from './request-state-loss.js';
import { ReleaseChangeHandler, SwitchPlanHandler } from './settle-change.js';
import { SettleStateLossesHandler, TakeStateLossesHandler } from './use-losses.js';

@Module({
  providers: [
    ChangeReader,
    CreateQuoteHandler,
    RequestChangeHandler,
    RequestStateLossHandler,
    TakeStateLossesHandler,
    SettleStateLossesHandler,
    RequestRemedyHandler,
    BeginRemedyHandler,
    ConfirmRemedyHandler,
    SettleRemedyHandler,
    ApproveChangeHandler,
    RejectChangeHandler,
    ScheduleChangeHandler,
    UnscheduleChangeHandler,
    CancelChangeHandler,
    ExpireChangeHandler,
    ApplyChangeHandler,
    SwitchPlanHandler,
    ReleaseChangeHandler,
  ],
  exports: [ChangeReader],
})
export class ChangeRequestsCommandsModule {}
