import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, PageQuery, READERS, Sends, type Page } from '../../http/index.js';
import { DriftReader, ListFindingsQuery } from './drift-reader.js';
import { DriftFindingPage, DriftFindingView, DriftRunPage, DriftRunView } from './drift-view.js';
import { RunDrift, RunDriftBody } from './run-drift.js';

class DriftOperation {
  @ApiProperty() id!: string;
}

class DriftRunAccepted {
  @ApiProperty({ type: DriftRunView }) run!: DriftRunView;
  @ApiProperty({ type: DriftOperation }) operation!: DriftOperation;
}

@ApiTags('drift')
@Controller('v1')
export class DriftController {
  constructor(
    private readonly gate: CommandGate,
    private readonly drift: DriftReader,
  ) {}

  @Post('drift-runs')
  @HttpCode(202)
  @Sends(RunDrift)
  @ApiOperation({
    operationId: 'runDrift',
    summary: 'Compare the cloud with what the last runs left: the whole fleet, or one tenant.',
    description: 'Changes nothing and delays no run. Of the whole fleet it also looks for resources that nothing owns.',
  })
  @ApiAcceptedResponse({
    type: DriftRunAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  async start(
    @Body() body: RunDriftBody,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DriftRunAccepted> {
    const command = new RunDrift({ ...body, requestedBy: principalName(call.principal) });
    const { run, operationId } = await this.gate.execute(command, call);
    reply.header('location', `/v1/operations/${operationId}`);
    return { run, operation: { id: operationId } };
  }

  @Get('drift-runs')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listDriftRuns', summary: 'Comparisons, newest first.' })
  @ApiOkResponse({ type: DriftRunPage })
  runs(@Query() query: PageQuery): Promise<Page<DriftRunView>> {
    return this.drift.runs(query);
  }

  @Get('drift-runs/:id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getDriftRun', summary: 'One comparison, with what became of each stack.' })
  @ApiOkResponse({ type: DriftRunView })
  run(@Param('id') id: string): Promise<DriftRunView> {
    return this.drift.run(idFrom('driftRun', id, 'drift run'));
  }

  @Get('drift-findings')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listDriftFindings', summary: 'Where the cloud differs, newest first.' })
  @ApiOkResponse({ type: DriftFindingPage })
  findings(@Query() query: ListFindingsQuery): Promise<Page<DriftFindingView>> {
    return this.drift.findings(query);
  }

  @Get('drift-findings/:id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getDriftFinding', summary: 'One difference.' })
  @ApiOkResponse({ type: DriftFindingView })
  finding(@Param('id') id: string): Promise<DriftFindingView> {
    return this.drift.finding(idFrom('driftFinding', id, 'drift finding'));
  }
}
