import { Module } from '@nestjs/common';
import { CatalogController } from './catalog.controller.js';
import { CatalogReader } from './catalog-reader.js';

@Module({ controllers: [CatalogController], providers: [CatalogReader] })
export class CatalogHttpModule {}
