import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { OPERATION_STATES, type OperationState } from '@bulkhead/domain';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, NoBody, READERS, Sends, type Page } from '../../http/index.js';
import { CancelOperation } from './cancel-operation.js';
import { OperationEvents } from './operation-events.js';
import { ListOperationsQuery, OperationReader } from './operation-reader.js';
import { OperationDetail, OperationPage, type OperationView } from './operation-view.js';
import { RetryOperation } from './retry-operation.js';

class OperationAccepted {
  @ApiProperty() id!: string;
  @ApiProperty({ enum: OPERATION_STATES }) state!: OperationState;
}

@ApiTags('operations')
@Controller('v1/operations')
export class OperationsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly operations: OperationReader,
    private readonly events: OperationEvents,
  ) {}

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listOperations', summary: 'Operations, newest first.' })
  @ApiOkResponse({ type: OperationPage })
  list(@Query() query: ListOperationsQuery): Promise<Page<OperationView>> {
    return this.operations.list(query);
  }

  @Get(':id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getOperation', summary: 'One operation with its steps.' })
  @ApiOkResponse({ type: OperationDetail })
  get(@Param('id') id: string): Promise<OperationDetail> {
    return this.operations.get(idFrom('operation', id, 'operation'));
  }

  @Get(':id/events')
  @Allow(...READERS)
  @ApiOperation({
    operationId: 'followOperation',
    summary: 'Follow an operation.',
    description:
      'Server-sent events: `operation` and `step` with what changed (everything at first), `end` when the state is final. ' +
      'A stream that closes without `end` may be opened again.',
  })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async follow(@Param('id') text: string, @Caller() call: Call, @Res() reply: FastifyReply): Promise<void> {
    const id = idFrom('operation', text, 'operation');
    // Before the first byte: an unknown id is still a 404.
    await this.operations.get(id);
    const leave = this.events.enter(principalName(call.principal));
    const gone = new AbortController();
    // Whoever left before this line is not told of any more.
    if (reply.raw.destroyed) return leave();
    reply.raw.once('close', () => {
      leave();
      gone.abort();
    });
    const stream = Readable.from(this.events.follow(id, gone.signal), { objectMode: false });
    reply
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no');
    await reply.send(stream);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @Sends(RetryOperation)
  @ApiBody({ type: NoBody, required: false })
  @ApiOperation({ operationId: 'retryOperation', summary: 'Try the failed step again, once its cause was mended.' })
  @ApiAcceptedResponse({ type: OperationAccepted })
  retry(@Param('id') id: string, @Body() _body: NoBody, @Caller() call: Call): Promise<OperationAccepted> {
    return this.gate.execute(new RetryOperation(idFrom('operation', id, 'operation')), call);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Sends(CancelOperation)
  @ApiBody({ type: NoBody, required: false })
  @ApiOperation({ operationId: 'cancelOperation', summary: 'Stop an operation and undo what it has done.' })
  @ApiAcceptedResponse({ type: OperationAccepted })
  cancel(@Param('id') id: string, @Body() _body: NoBody, @Caller() call: Call): Promise<OperationAccepted> {
    return this.gate.execute(new CancelOperation(idFrom('operation', id, 'operation')), call);
  }
}
