import { Module } from '@nestjs/common';
import { RecordBillingHandler } from './record-billing.js';
import { SubscriptionReader } from './subscription-reader.js';

@Module({ providers: [RecordBillingHandler, SubscriptionReader], exports: [SubscriptionReader] })
export class SubscriptionsCommandsModule {}
