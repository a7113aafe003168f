import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, READERS, Sends } from '../../http/index.js';
import { ChangeReader } from './change-reader.js';
import { CreateQuote, CreateQuoteBody } from './create-quote.js';
import { QuoteView } from './quote-view.js';

@ApiTags('change requests')
@Controller('v1/quotes')
export class QuotesController {
  constructor(
    private readonly gate: CommandGate,
    private readonly changes: ChangeReader,
  ) {}

  @Post()
  @Sends(CreateQuote)
  @ApiOperation({
    operationId: 'createQuote',
    summary: 'What a change of plan or tier would mean: who may have it, price, proration, cost, margin, pause.',
  })
  @ApiCreatedResponse({ type: QuoteView })
  create(@Body() body: CreateQuoteBody, @Caller() call: Call): Promise<QuoteView> {
    return this.gate.execute(new CreateQuote({ ...body, createdBy: principalName(call.principal) }), call);
  }

  @Get(':id')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getQuote', summary: 'One quote, as it was made.' })
  @ApiOkResponse({ type: QuoteView })
  get(@Param('id') id: string): Promise<QuoteView> {
    return this.changes.quote(idFrom('quote', id, 'quote'));
  }
}
