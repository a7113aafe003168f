import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Length } from 'class-validator';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, idFrom, MayBeAbsent, READERS, Sends } from '../../http/index.js';
import { ClassificationReader } from './classification-reader.js';
import { EligibilityView, FactList, RecommendationView } from './fact-view.js';
import { RecordFacts, RecordFactsBody } from './record-facts.js';

class EligibilityQuery {
  @ApiPropertyOptional({ description: 'Plan that it would have then; its present one by default.' })
  @MayBeAbsent()
  @Length(1, 64)
  plan?: string;
}

@ApiTags('classification')
@Controller('v1/tenants/:id')
export class ClassificationController {
  constructor(
    private readonly gate: CommandGate,
    private readonly reader: ClassificationReader,
  ) {}

  @Post('facts')
  @HttpCode(200)
  @Sends(RecordFacts)
  @ApiOperation({ operationId: 'recordFacts', summary: 'Record what is known of a customer, with its source.' })
  @ApiOkResponse({ type: FactList })
  async record(@Param('id') id: string, @Body() body: RecordFactsBody, @Caller() call: Call): Promise<FactList> {
    const request = { ...body, tenantId: idFrom('tenant', id, 'tenant'), recordedBy: principalName(call.principal) };
    return { data: await this.gate.execute(new RecordFacts(request), call) };
  }

  @Get('facts')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listFacts', summary: 'What is known of a customer now.' })
  @ApiOkResponse({ type: FactList })
  async facts(@Param('id') id: string): Promise<FactList> {
    return { data: await this.reader.facts(idFrom('tenant', id, 'tenant')) };
  }

  @Get('recommendation')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'recommendTier', summary: 'Which tier the customer should have, and why.' })
  @ApiOkResponse({ type: RecommendationView })
  recommendation(@Param('id') id: string): Promise<RecommendationView> {
    return this.reader.recommendation(idFrom('tenant', id, 'tenant'));
  }

  @Get('eligibility')
  @Allow(...READERS)
  @ApiOperation({
    operationId: 'getEligibility',
    summary: 'Which layers of its own the customer may have: what is met, what is missing, by how much.',
  })
  @ApiOkResponse({ type: EligibilityView })
  eligibility(@Param('id') id: string, @Query() { plan }: EligibilityQuery): Promise<EligibilityView> {
    return this.reader.eligibility(idFrom('tenant', id, 'tenant'), plan);
  }
}
