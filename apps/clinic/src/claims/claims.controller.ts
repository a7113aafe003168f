import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs, PartOf } from '../http/access.js';
import { IdempotencyKey, MakesOnce } from '../http/idempotency-key.js';
import { Problems } from '../http/problems.js';
import { ClaimPage, ClaimQuery, ClaimView, SubmitClaimBody } from './claim-bodies.js';
import { Claims } from './claims.js';

@ApiTags('claims')
@Controller('v1/claims')
@PartOf('claims')
export class ClaimsController {
  constructor(private readonly claims: Claims) {}

  @Post()
  @Needs('billing')
  @MakesOnce()
  @Problems(409)
  @ApiOperation({ operationId: 'submitClaim', summary: 'Claim what was done in an appointment.' })
  @ApiCreatedResponse({ type: ClaimView })
  submit(@Body() body: SubmitClaimBody, @IdempotencyKey() key: string): Promise<ClaimView> {
    return this.claims.submit(body, key);
  }

  @Get()
  @Needs('billing', 'practice-admin')
  @ApiOperation({ operationId: 'listClaims', summary: 'List the claims in reach.' })
  @ApiOkResponse({ type: ClaimPage })
  list(@Query() query: ClaimQuery): Promise<ClaimPage> {
    return this.claims.list(query);
  }

  @Get(':id')
  @Needs('billing', 'practice-admin')
  @ApiOperation({ operationId: 'getClaim', summary: 'Look at one claim.' })
  @ApiOkResponse({ type: ClaimView })
  get(@Param('id') id: string): Promise<ClaimView> {
    return this.claims.get(id);
  }
}
