import { Module } from '@nestjs/common';
import { IsolationReader } from './isolation-reader.js';
import { IsolationController } from './isolation.controller.js';

@Module({ controllers: [IsolationController], providers: [IsolationReader] })
export class IsolationHttpModule {}
