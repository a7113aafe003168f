import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, READERS, Sends, type Page } from '../../http/index.js';
import { CellReader, ListCellsQuery } from './cell-reader.js';
import { CellPage, CellView } from './cell-view.js';
import { CreateCell, CreateCellBody } from './create-cell.js';

class CellOperation {
  @ApiProperty() id!: string;
}

class CellAccepted {
  @ApiProperty({ type: CellView }) cell!: CellView;
  @ApiProperty({ type: CellOperation }) operation!: CellOperation;
}

@ApiTags('cells')
@Controller('v1/cells')
export class CellsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly cells: CellReader,
  ) {}

  @Post()
  @HttpCode(202)
  @Sends(CreateCell)
  @ApiOperation({ operationId: 'createCell', summary: 'Stand up a cell: a shared plane with a capacity.' })
  @ApiAcceptedResponse({
    type: CellAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  async create(
    @Body() body: CreateCellBody,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CellAccepted> {
    const command = new CreateCell({ ...body, requestedBy: principalName(call.principal) });
    const { cell, operationId } = await this.gate.execute(command, call);
    reply.header('location', `/v1/operations/${operationId}`);
    return { cell, operation: { id: operationId } };
  }

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listCells', summary: 'Cells, newest first.' })
  @ApiOkResponse({ type: CellPage })
  list(@Query() query: ListCellsQuery): Promise<Page<CellView>> {
    return this.cells.list(query);
  }

  @Get(':id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getCell', summary: 'One cell.' })
  @ApiOkResponse({ type: CellView })
  get(@Param('id') id: string): Promise<CellView> {
    return this.cells.get(idFrom('cell', id, 'cell'));
  }
}
