import { Module } from '@nestjs/common';
import { SupportGrantsController } from './support-grants.controller.js';

@Module({ controllers: [SupportGrantsController] })
export class SupportGrantsHttpModule {}
