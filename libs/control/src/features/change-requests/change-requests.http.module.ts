import { Module } from '@nestjs/common';
import { ChangeReader } from './change-reader.js';
import { ChangesController } from './changes.controller.js';
import { ChangeImport } from './import-changes.js';
import { QuotesController } from './quotes.controller.js';
import { RemedyController } from './remedy.controller.js';
import { StateLossController } from './state-loss.controller.js';
import { StatusPageController } from './status-page.controller.js';

@Module({
  controllers: [QuotesController, ChangesController, StateLossController, RemedyController, StatusPageController],
  providers: [ChangeReader, ChangeImport],
})
export class ChangeRequestsHttpModule {}
