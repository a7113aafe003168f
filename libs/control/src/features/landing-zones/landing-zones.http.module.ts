import { Module, type DynamicModule } from '@nestjs/common';
import { BucketNames } from './bucket-names.js';
import { LandingZonesController } from './landing-zones.controller.js';

@Module({})
export class LandingZonesHttpModule {
  /** @param bucketPrefix first part of every bucket's name that belongs to the installation. */
  static named(bucketPrefix: string): DynamicModule {
    return {
      module: LandingZonesHttpModule,
      controllers: [LandingZonesController],
      providers: [{ provide: BucketNames, useValue: new BucketNames(bucketPrefix) }],
    };
  }
}
