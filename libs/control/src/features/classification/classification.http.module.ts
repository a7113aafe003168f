import { Module } from '@nestjs/common';
import { ClassificationReader } from './classification-reader.js';
import { ClassificationController } from './classification.controller.js';

@Module({ controllers: [ClassificationController], providers: [ClassificationReader] })
export class ClassificationHttpModule {}
