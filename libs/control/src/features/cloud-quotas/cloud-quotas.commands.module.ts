import { Module } from '@nestjs/common';
import { RecordCloudQuotasHandler } from './record-cloud-quotas.js';

@Module({ providers: [RecordCloudQuotasHandler] })
export class CloudQuotasCommandsModule {}
