import { Module } from '@nestjs/common';
import { ApiKeyReader } from './api-key-reader.js';
import { ApiKeysController } from './api-keys.controller.js';

@Module({ controllers: [ApiKeysController], providers: [ApiKeyReader], exports: [ApiKeyReader] })
export class AccessHttpModule {}
