import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs } from '../http/access.js';
import { IdempotencyKey, MakesOnce } from '../http/idempotency-key.js';
import { PageQuery } from '../http/page.js';
import { CreateOrgUnitBody, OrgUnitPage, OrgUnitView } from './org-unit-bodies.js';
import { OrgUnits } from './org-units.js';

@ApiTags('org units')
@Controller('v1/org-units')
export class OrgUnitsController {
  constructor(private readonly units: OrgUnits) {}

  @Post()
  @Needs('practice-admin')
  @MakesOnce()
  @ApiOperation({ operationId: 'createOrgUnit', summary: 'Add an org unit to the tree.' })
  @ApiCreatedResponse({ type: OrgUnitView })
  create(@Body() body: CreateOrgUnitBody, @IdempotencyKey() key: string): Promise<OrgUnitView> {
    return this.units.create(body, key);
  }

  @Get()
  @Needs('practice-admin', 'clinician', 'front-desk', 'billing')
  @ApiOperation({ operationId: 'listOrgUnits', summary: 'List the org units in reach.' })
  @ApiOkResponse({ type: OrgUnitPage })
  list(@Query() query: PageQuery): Promise<OrgUnitPage> {
    return this.units.list(query);
  }

  @Get(':id')
  @Needs('practice-admin', 'clinician', 'front-desk', 'billing')
  @ApiOperation({ operationId: 'getOrgUnit', summary: 'Look at one org unit.' })
  @ApiOkResponse({ type: OrgUnitView })
  get(@Param('id') id: string): Promise<OrgUnitView> {
    return this.units.get(id);
  }
}
