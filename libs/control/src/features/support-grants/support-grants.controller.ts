import { SupportApprovalEntity, SupportGrantEntity } from '@bulkhead/store';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { DataSource, In } from 'typeorm';
import { CommandGate, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, MayBeAbsent, NoBody, PageQuery, readPage, Sends } from '../../http/index.js';
import { RequestSupport, RequestSupportBody } from './request-support.js';
import { ApproveSupport, EndSupport } from './settle-support.js';
import { SupportGrantPage, SupportGrantView, viewSupportGrant } from './support-grant-view.js';

class ListGrantsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Grants for this tenant.' })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenant must be a tenant id' })
  tenant?: string;
}

const grantId = (id: string) => idFrom('supportGrant', id, 'support grant');

@ApiTags('support grants')
@Controller('v1/support-grants')
export class SupportGrantsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly source: DataSource,
  ) {}

  @Post()
  @Sends(RequestSupport)
  @ApiOperation({ operationId: 'requestSupportGrant', summary: 'Ask to be let into a tenant for some minutes.' })
  @ApiCreatedResponse({ type: SupportGrantView })
  request(@Body() body: RequestSupportBody, @Caller() call: Call): Promise<SupportGrantView> {
    return this.gate.execute(new RequestSupport({ ...body, principal: call.principal }), call);
  }

  @Post(':id/approve')
  @HttpCode(200)
  @Sends(ApproveSupport)
  @ApiOperation({ operationId: 'approveSupportGrant', summary: 'Let somebody in. Nobody lets themselves in.' })
  @ApiOkResponse({ type: SupportGrantView })
  approve(@Param('id') id: string, @Body() _body: NoBody, @Caller() call: Call): Promise<SupportGrantView> {
    return this.gate.execute(new ApproveSupport({ id: grantId(id), principal: call.principal }), call);
  }

  @Post(':id/end')
  @HttpCode(200)
  @Sends(EndSupport)
  @ApiOperation({ operationId: 'endSupportGrant', summary: 'End it before its time, and the person’s tokens with it.' })
  @ApiOkResponse({ type: SupportGrantView })
  end(@Param('id') id: string, @Body() _body: NoBody, @Caller() call: Call): Promise<SupportGrantView> {
    return this.gate.execute(new EndSupport({ id: grantId(id), principal: call.principal }), call);
  }

  @Get()
  @Allow('support', 'approver', 'platform-admin', 'auditor')
  @ApiOperation({ operationId: 'listSupportGrants', summary: 'Support grants, newest first.' })
  @ApiOkResponse({ type: SupportGrantPage })
  async list(@Query() query: ListGrantsQuery): Promise<SupportGrantPage> {
    const { manager } = this.source;
    const grants = manager.createQueryBuilder(SupportGrantEntity, 'support').where('true');
    if (query.tenant) grants.andWhere('support.tenantId = :tenant', { tenant: query.tenant });
    const page = await readPage(grants, query, (grant) => grant);
    const approvals = await manager.findBy(SupportApprovalEntity, { grantId: In(page.data.map(({ id }) => id)) });
    return { data: page.data.map((grant) => viewSupportGrant(grant, approvals)), hasMore: page.hasMore };
  }
}
