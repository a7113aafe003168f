import { ISOLATIONS, LAYERS, type Isolation, type Layer } from '@bulkhead/domain';
import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
  OmitType,
} from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, READERS, Sends, withEtag, type Page, MayBeAbsent } from '../../http/index.js';
import { CreateTenant, CreateTenantBody } from './create-tenant.js';
import { ListTenantsQuery, TenantReader } from './tenant-reader.js';
import { EntitlementList, PlacementView, SubscriptionView, TenantPage, TenantView } from './tenant-view.js';

class CreateTenantQuery {
  @ApiPropertyOptional({
    enum: ['true', 'false'],
    default: 'false',
    description: 'Check everything and create nothing.',
  })
  @MayBeAbsent()
  @IsIn(['true', 'false'])
  dry_run?: 'true' | 'false';
}

class OperationReference {
  @ApiProperty() id!: string;
}

class TenantAccepted {
  @ApiProperty({ type: TenantView }) tenant!: TenantView;
  @ApiProperty({ type: OperationReference }) operation!: OperationReference;
}

class TenantPreview extends OmitType(TenantView, ['id', 'createdAt', 'activatedAt']) {}

class TenantRehearsed {
  @ApiProperty({ enum: [true] }) dryRun!: true;
  @ApiProperty({ type: TenantPreview }) tenant!: TenantPreview;
  @ApiProperty({
    type: 'object',
    properties: Object.fromEntries(LAYERS.map((layer) => [layer, { type: 'string', enum: [...ISOLATIONS] }])),
    required: [...LAYERS],
  })
  layers!: Readonly<Record<Layer, Isolation>>;
}

@ApiTags('tenants')
@Controller('v1/tenants')
export class TenantsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly tenants: TenantReader,
  ) {}

  @Post()
  @Sends(CreateTenant)
  @ApiOperation({ operationId: 'createTenant', summary: 'Onboard a tenant.' })
  @ApiAcceptedResponse({
    type: TenantAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  @ApiOkResponse({ type: TenantRehearsed, description: 'With dry_run=true: what would be created.' })
  async create(
    @Body() body: CreateTenantBody,
    @Query() query: CreateTenantQuery,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantAccepted | TenantRehearsed> {
    const command = new CreateTenant({ ...body, requestedBy: principalName(call.principal) });
    if (query.dry_run === 'true') {
      const { tenant, layers } = await this.gate.rehearse(command, call);
      const { id: _id, createdAt: _createdAt, activatedAt: _activatedAt, ...preview } = tenant;
      reply.status(200);
      return { dryRun: true, tenant: preview, layers };
    }
    const { tenant, operationId } = await this.gate.execute(command, call);
    reply.status(202).header('location', `/v1/operations/${operationId}`);
    return { tenant, operation: { id: operationId } };
  }

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listTenants', summary: 'Tenants, newest first.' })
  @ApiOkResponse({ type: TenantPage })
  list(@Query() query: ListTenantsQuery): Promise<Page<TenantView>> {
    return this.tenants.list(query);
  }

  @Get(':id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getTenant', summary: 'One tenant.' })
  @ApiOkResponse({ type: TenantView, headers: { ETag: { schema: { type: 'string' } } } })
  @ApiResponse({ status: 304, description: 'The version that If-None-Match names is current.' })
  async get(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView | undefined> {
    return withEtag(await this.tenants.get(idFrom('tenant', id, 'tenant')), request, reply);
  }

  @Get(':id/placement')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getPlacement', summary: 'Where each layer of the tenant is.' })
  @ApiOkResponse({ type: PlacementView })
  placement(@Param('id') id: string): Promise<PlacementView> {
    return this.tenants.placement(idFrom('tenant', id, 'tenant'));
  }

  @Get(':id/entitlements')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listEntitlements', summary: 'What the tenant may use.' })
  @ApiOkResponse({ type: EntitlementList })
  entitlements(@Param('id') id: string): Promise<EntitlementList> {
    return this.tenants.entitlements(idFrom('tenant', id, 'tenant'));
  }

  @Get(':id/subscription')
  @Allow(...READERS)
  @ApiOperation({
    operationId: 'getSubscription',
    summary: 'What the tenant has bought, with its references in billing.',
  })
  @ApiOkResponse({ type: SubscriptionView })
  subscription(@Param('id') id: string): Promise<SubscriptionView> {
    return this.tenants.subscription(idFrom('tenant', id, 'tenant'));
  }
}
