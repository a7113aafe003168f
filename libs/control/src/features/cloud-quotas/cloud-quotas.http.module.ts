import { Module } from '@nestjs/common';
import { CloudQuotasController } from './cloud-quotas.controller.js';

@Module({ controllers: [CloudQuotasController] })
export class CloudQuotasHttpModule {}
