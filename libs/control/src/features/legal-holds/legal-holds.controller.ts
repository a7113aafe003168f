import { LegalHoldEntity } from '@bulkhead/store';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { DataSource } from 'typeorm';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import {
  Allow,
  Caller,
  idFrom,
  MayBeAbsent,
  PageQuery,
  READERS,
  readPage,
  Sends,
  type Page,
} from '../../http/index.js';
import { LegalHoldPage, LegalHoldView, viewLegalHold } from './legal-hold-view.js';
import { PlaceHold, PlaceHoldBody } from './place-hold.js';
import { ReleaseHold, ReleaseHoldBody } from './release-hold.js';

class ListHoldsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Holds of this tenant.' })
  @MayBeAbsent()
  @Matches(/^ten_[0-9a-f]{32}$/, { message: 'tenant must be a tenant id' })
  tenant?: string;

  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Only those in force, or only those released.' })
  @MayBeAbsent()
  @IsIn(['true', 'false'])
  in_force?: 'true' | 'false';
}

@ApiTags('legal holds')
@Controller('v1/legal-holds')
export class LegalHoldsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly source: DataSource,
  ) {}

  @Post()
  @Sends(PlaceHold)
  @ApiOperation({ operationId: 'placeLegalHold', summary: 'From now on nothing of the tenant may be destroyed.' })
  @ApiCreatedResponse({ type: LegalHoldView })
  place(@Body() body: PlaceHoldBody, @Caller() call: Call): Promise<LegalHoldView> {
    return this.gate.execute(new PlaceHold({ ...body, placedBy: principalName(call.principal) }), call);
  }

  @Post(':id/release')
  @HttpCode(200)
  @Sends(ReleaseHold)
  @ApiOperation({ operationId: 'releaseLegalHold', summary: 'End a hold.' })
  @ApiOkResponse({ type: LegalHoldView })
  release(@Param('id') id: string, @Body() body: ReleaseHoldBody, @Caller() call: Call): Promise<LegalHoldView> {
    const holdId = idFrom('legalHold', id, 'legal hold');
    return this.gate.execute(new ReleaseHold({ ...body, id: holdId, releasedBy: principalName(call.principal) }), call);
  }

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listLegalHolds', summary: 'Legal holds, newest first.' })
  @ApiOkResponse({ type: LegalHoldPage })
  list(@Query() query: ListHoldsQuery): Promise<Page<LegalHoldView>> {
    const holds = this.source.manager.createQueryBuilder(LegalHoldEntity, 'hold').where('true');
    if (query.tenant) holds.andWhere('hold.tenantId = :tenant', { tenant: query.tenant });
    if (query.in_force) holds.andWhere(`hold.releasedAt is ${query.in_force === 'true' ? 'null' : 'not null'}`);
    return readPage(holds, query, viewLegalHold);
  }
}
