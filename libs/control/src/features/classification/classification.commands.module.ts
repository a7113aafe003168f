import { Module } from '@nestjs/common';
import { RecordFactsHandler } from './record-facts.js';

@Module({ providers: [RecordFactsHandler] })
export class ClassificationCommandsModule {}
