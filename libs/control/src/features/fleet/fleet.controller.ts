import type { ApprovedLoss } from '@bulkhead/domain/fleet';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, PageQuery, type Page } from '../../http/index.js';
import { ApprovedLossReader } from './approved-loss-reader.js';
import { FleetReader } from './fleet-reader.js';
import {
  ApprovedLossPage,
  FleetStackPage,
  FleetTenantPage,
  ListFleetStacksQuery,
  type FleetStackView,
  type FleetTenantView,
} from './fleet-view.js';

@ApiTags('fleet')
@Controller('v1/fleet')
export class FleetController {
  constructor(
    private readonly fleet: FleetReader,
    private readonly losses: ApprovedLossReader,
  ) {}

  @Get('stacks')
  @Allow('ci', 'platform-admin')
  @ApiOperation({
    operationId: 'listFleetStacks',
    summary: 'Live stacks by name, with specification and recorded state.',
    description: 'What a fleet preview needs. States hold no secret: each is replaced by a placeholder.',
  })
  @ApiOkResponse({ type: FleetStackPage })
  stacks(@Query() query: ListFleetStacksQuery): Promise<Page<FleetStackView>> {
    return this.fleet.stacks(query);
  }

  @Get('tenants')
  @Allow('ci', 'platform-admin')
  @ApiOperation({ operationId: 'listFleetTenants', summary: 'Live tenants with tier and placement, newest first.' })
  @ApiOkResponse({ type: FleetTenantPage })
  tenants(@Query() query: PageQuery): Promise<Page<FleetTenantView>> {
    return this.fleet.tenants(query);
  }

  @Get('approved-losses')
  @Allow('ci', 'platform-admin')
  @ApiOperation({
    operationId: 'listApprovedLosses',
    summary: 'Losses of state that two people have approved, and nothing else of their change requests.',
  })
  @ApiOkResponse({ type: ApprovedLossPage })
  approvedLosses(@Query() query: PageQuery): Promise<Page<ApprovedLoss>> {
    return this.losses.list(query);
  }
}
