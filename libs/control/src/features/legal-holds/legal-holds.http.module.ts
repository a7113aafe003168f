import { Module } from '@nestjs/common';
import { LegalHoldsController } from './legal-holds.controller.js';

@Module({ controllers: [LegalHoldsController] })
export class LegalHoldsHttpModule {}
