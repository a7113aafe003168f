import { LandingZoneEntity } from '@bulkhead/store';
import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { REGIONS } from '@bulkhead/domain';
import { DataSource } from 'typeorm';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, notFound, READERS, Sends } from '../../http/index.js';
import { ApplyLandingZone, ApplyLandingZoneBody } from './apply-landing-zone.js';
import { BucketNames } from './bucket-names.js';
import { LandingZoneList, LandingZoneView, viewLandingZone } from './landing-zone-view.js';

class LandingZoneOperation {
  @ApiProperty() id!: string;
}

class LandingZoneAccepted {
  @ApiProperty({ type: LandingZoneView }) landingZone!: LandingZoneView;
  @ApiProperty({ type: LandingZoneOperation }) operation!: LandingZoneOperation;
}

@ApiTags('landing zones')
@Controller('v1/landing-zones')
export class LandingZonesController {
  constructor(
    private readonly gate: CommandGate,
    private readonly source: DataSource,
    private readonly buckets: BucketNames,
  ) {}

  @Post()
  @HttpCode(202)
  @Sends(ApplyLandingZone)
  @ApiOperation({
    operationId: 'applyLandingZone',
    summary: 'Lay the baseline of a region: audit and log buckets, identity boundaries.',
  })
  @ApiAcceptedResponse({
    type: LandingZoneAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  async apply(
    @Body() { region, auditLockDays }: ApplyLandingZoneBody,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LandingZoneAccepted> {
    const spec = { region, auditLockDays, ...this.buckets.of(region) };
    const command = new ApplyLandingZone({ spec, requestedBy: principalName(call.principal) });
    const { landingZone, operationId } = await this.gate.execute(command, call);
    reply.header('location', `/v1/operations/${operationId}`);
    return { landingZone, operation: { id: operationId } };
  }

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listLandingZones', summary: 'Landing zones, one for each region.' })
  @ApiOkResponse({ type: LandingZoneList })
  async list(): Promise<LandingZoneList> {
    const zones = await this.source.manager.find(LandingZoneEntity, { order: { region: 'ASC' } });
    return { data: zones.map(viewLandingZone) };
  }

  @Get(':region')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getLandingZone', summary: 'The landing zone of a region.' })
  @ApiOkResponse({ type: LandingZoneView })
  async get(@Param('region') text: string): Promise<LandingZoneView> {
    const region = REGIONS.find((known) => known === text);
    const zone = region ? await this.source.manager.findOneBy(LandingZoneEntity, { region }) : null;
    if (!zone) throw notFound('landing zone');
    return viewLandingZone(zone);
  }
}
