import { Module } from '@nestjs/common';
import { PublishTemplatesHandler } from './publish-templates.js';

@Module({ providers: [PublishTemplatesHandler] })
export class CatalogCommandsModule {}
