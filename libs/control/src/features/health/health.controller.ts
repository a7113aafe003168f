import { readiness } from '@bulkhead/runtime';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { Public } from '../../http/index.js';

class LivenessView {
  @ApiProperty({ enum: ['ok'] }) status!: 'ok';
}

class ReadinessView {
  @ApiProperty() ready!: boolean;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', enum: ['up', 'down'] } })
  checks!: Readonly<Record<string, 'up' | 'down'>>;
}

@ApiTags('health')
@Controller('v1/health')
export class HealthController {
  constructor(private readonly source: DataSource) {}

  @Get()
  @Public()
  @ApiOperation({ operationId: 'getHealth', summary: 'The process answers.' })
  @ApiOkResponse({ type: LivenessView })
  live(): LivenessView {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({ operationId: 'getReadiness', summary: 'Everything that the process needs answers.' })
  @ApiOkResponse({ type: ReadinessView })
  @ApiServiceUnavailableResponse({ type: ReadinessView })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessView> {
    const result = await readiness({ database: () => this.source.query('select 1') });
    reply.status(result.ready ? 200 : 503);
    return result;
  }
}
