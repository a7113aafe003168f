import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CommandGate, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, NoBody, READERS, Sends, type Page } from '../../http/index.js';
import { ApplyChange } from './apply-change.js';
import {
  ApplyBody,
  ChangeAccepted,
  ChangeRehearsed,
  ChangeRequested,
  DryRunQuery,
  ImportChangesBody,
  ImportedChanges,
} from './change-answers.js';
import { CancelChange, ScheduleChange } from './change-life.js';
import { ChangeReader, ListChangesQuery } from './change-reader.js';
import { ChangePage, ChangeView } from './change-view.js';
import { ApproveChange, DecisionBody, RejectChange } from './decide-change.js';
import { ChangeImport } from './import-changes.js';
import { RequestChange, RequestChangeBody } from './request-change.js';
import { makeStatusLink } from './status-link.js';

const changeId = (id: string) => idFrom('change', id, 'change request');

@ApiTags('change requests')
@Controller('v1/change-requests')
export class ChangesController {
  constructor(
    private readonly gate: CommandGate,
    private readonly changes: ChangeReader,
    private readonly imports: ChangeImport,
  ) {}

  @Post()
  @Sends(RequestChange)
  @ApiOperation({ operationId: 'createChangeRequest', summary: 'Ask for what a quote says.' })
  @ApiCreatedResponse({ type: ChangeRequested })
  @ApiOkResponse({ type: ChangeRehearsed, description: 'With dry_run=true: what would be requested.' })
  async create(
    @Body() { quoteId, quoteHash, ...body }: RequestChangeBody,
    @Query() query: DryRunQuery,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeRequested | ChangeRehearsed> {
    const link = makeStatusLink();
    const quote = { id: quoteId, hash: quoteHash };
    const wish = { ...body, quote, principal: call.principal, statusDigest: link.digest };
    const command = new RequestChange(wish);
    if (query.dry_run === 'true') {
      const { id: _id, createdAt: _created, closedAt: _closed, ...change } = await this.gate.rehearse(command, call);
      reply.status(200);
      return { dryRun: true, change };
    }
    const change = await this.gate.execute(command, call);
    // The gate keeps answers for repetitions, and it never saw this link.
    const first = await this.changes.publicStatus(link.digest.reveal());
    return { change, statusPath: first?.change.id === change.id ? link.path : null };
  }

  @Post('import')
  @HttpCode(200)
  @Sends(RequestChange)
  @ApiOperation({
    operationId: 'importChangeRequests',
    summary: 'Requests from a CSV file, with a result for each row.',
  })
  @ApiOkResponse({ type: ImportedChanges })
  async import(
    @Body() { csvBase64 }: ImportChangesBody,
    @Query() query: DryRunQuery,
    @Caller() call: Call,
  ): Promise<ImportedChanges> {
    return { rows: await this.imports.run(Buffer.from(csvBase64, 'base64'), call, query.dry_run === 'true') };
  }

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listChangeRequests', summary: 'Change requests, newest first.' })
  @ApiOkResponse({ type: ChangePage })
  list(@Query() query: ListChangesQuery): Promise<Page<ChangeView>> {
    return this.changes.list(query);
  }

  @Get(':id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getChangeRequest', summary: 'One change request.' })
  @ApiOkResponse({ type: ChangeView })
  get(@Param('id') id: string): Promise<ChangeView> {
    return this.changes.get(changeId(id));
  }

  @Post(':id/approve')
  @HttpCode(200)
  @Sends(ApproveChange)
  @ApiOperation({ operationId: 'approveChangeRequest', summary: 'Say yes. Nobody approves their own request.' })
  @ApiOkResponse({ type: ChangeView })
  approve(@Param('id') id: string, @Body() body: DecisionBody, @Caller() call: Call): Promise<ChangeView> {
    const decision = { ...body, changeId: changeId(id), principal: call.principal };
    return this.gate.execute(new ApproveChange(decision), call);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @Sends(RejectChange)
  @ApiOperation({ operationId: 'rejectChangeRequest', summary: 'Say no, which closes the request.' })
  @ApiOkResponse({ type: ChangeView })
  reject(@Param('id') id: string, @Body() body: DecisionBody, @Caller() call: Call): Promise<ChangeView> {
    const decision = { ...body, changeId: changeId(id), principal: call.principal };
    return this.gate.execute(new RejectChange(decision), call);
  }

  @Post(':id/schedule')
  @HttpCode(200)
  @Sends(ScheduleChange)
  @ApiOperation({ operationId: 'scheduleChangeRequest', summary: 'Have it applied on the day that was quoted.' })
  @ApiOkResponse({ type: ChangeView })
  schedule(@Param('id') id: string, @Body() { quoteHash }: ApplyBody, @Caller() call: Call): Promise<ChangeView> {
    return this.gate.execute(new ScheduleChange(changeId(id), quoteHash, call.principal), call);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Sends(CancelChange)
  @ApiOperation({ operationId: 'cancelChangeRequest', summary: 'Take it back, unless it is being applied.' })
  @ApiOkResponse({ type: ChangeView })
  cancel(@Param('id') id: string, @Body() _body: NoBody, @Caller() call: Call): Promise<ChangeView> {
    return this.gate.execute(new CancelChange(changeId(id), call.principal), call);
  }

  @Post(':id/apply')
  @HttpCode(202)
  @Sends(ApplyChange)
  @ApiOperation({
    operationId: 'applyChangeRequest',
    summary: 'Carry out what was approved. Refused when the tenant has changed since the quote.',
  })
  @ApiAcceptedResponse({
    type: ChangeAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  async apply(
    @Param('id') id: string,
    @Body() { quoteHash }: ApplyBody,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeAccepted> {
    const request = { changeId: changeId(id), quoteHash, principal: call.principal };
    const { change, operationId } = await this.gate.execute(new ApplyChange(request), call);
    reply.header('location', `/v1/operations/${operationId}`);
    return { change, operation: { id: operationId } };
  }
}
