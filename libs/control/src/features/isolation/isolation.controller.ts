import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, NoBody, PageQuery, Sends, type Page } from '../../http/index.js';
import { IsolationReader } from './isolation-reader.js';
import { IsolationProofDetail, IsolationProofPage, IsolationProofView } from './isolation-view.js';
import { ProveIsolation } from './prove-isolation.js';

class IsolationProofOperation {
  @ApiProperty() id!: string;
}

class IsolationProofAccepted {
  @ApiProperty({ type: IsolationProofView }) proof!: IsolationProofView;
  @ApiProperty({ type: IsolationProofOperation }) operation!: IsolationProofOperation;
}

@ApiTags('isolation proofs')
@Controller('v1/isolation-proofs')
export class IsolationController {
  constructor(
    private readonly gate: CommandGate,
    private readonly proofs: IsolationReader,
  ) {}

  @Post()
  @HttpCode(202)
  @Sends(ProveIsolation)
  @ApiBody({ type: NoBody, required: false })
  @ApiOperation({
    operationId: 'proveIsolation',
    summary: 'Try to cross from one tenant to another wherever live tenants meet.',
    description:
      'Databases: two synthetic tenants, in transactions that are rolled back. Buckets, keys, queues, secrets and ' +
      'routes: two tenants of the proof in each cell, by what changes nothing of others. The report is signed; see the proof.',
  })
  @ApiAcceptedResponse({
    type: IsolationProofAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  async prove(
    @Body() _body: NoBody,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IsolationProofAccepted> {
    const { proof, operationId } = await this.gate.execute(new ProveIsolation(principalName(call.principal)), call);
    reply.header('location', `/v1/operations/${operationId}`);
    return { proof, operation: { id: operationId } };
  }

  @Get()
  @Allow('platform-admin', 'auditor')
  @ApiOperation({ operationId: 'listIsolationProofs', summary: 'Isolation proofs, newest first.' })
  @ApiOkResponse({ type: IsolationProofPage })
  list(@Query() query: PageQuery): Promise<Page<IsolationProofView>> {
    return this.proofs.list(query);
  }

  @Get(':id')
  @Allow('platform-admin', 'auditor')
  @ApiOperation({ operationId: 'getIsolationProof', summary: 'One proof with its report.' })
  @ApiOkResponse({ type: IsolationProofDetail })
  get(@Param('id') id: string): Promise<IsolationProofDetail> {
    return this.proofs.get(idFrom('isolationProof', id, 'isolation proof'));
  }

  @Get(':id/sarif')
  @Allow('platform-admin', 'auditor')
  @ApiOperation({ operationId: 'getIsolationProofSarif', summary: 'The report in SARIF 2.1.0, for code scanners.' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  sarif(@Param('id') id: string): Promise<object> {
    return this.proofs.sarif(idFrom('isolationProof', id, 'isolation proof'));
  }
}
