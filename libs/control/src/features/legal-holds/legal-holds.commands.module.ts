import { Module } from '@nestjs/common';
import { PlaceHoldHandler } from './place-hold.js';
import { ReleaseHoldHandler } from './release-hold.js';

@Module({ providers: [PlaceHoldHandler, ReleaseHoldHandler] })
export class LegalHoldsCommandsModule {}
