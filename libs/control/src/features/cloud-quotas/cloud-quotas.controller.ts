import { CLOUD_QUOTAS, quotaInWords, quotaLeft, REGIONS } from '@bulkhead/domain';
import { quotaStandings } from '@bulkhead/store';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { DataSource } from 'typeorm';
import { Allow, READERS } from '../../http/index.js';

class CloudQuotasQuery {
  @ApiProperty({ enum: REGIONS })
  @IsIn(REGIONS)
  region!: string;
}

export class CloudQuotaView {
  @ApiProperty({ enum: CLOUD_QUOTAS }) quota!: string;
  @ApiProperty() limit!: number;
  @ApiProperty({ description: 'In the account when the worker last looked.' }) used!: number;
  @ApiProperty({ description: 'Approved or being made, and not counted as used yet.' }) promised!: number;
  @ApiProperty() left!: number;
  @ApiProperty({ example: '12 of 40 RDS instances left; 2 promised' }) says!: string;
  @ApiProperty({ format: 'date-time' }) observedAt!: string;
}

export class CloudQuotaList {
  @ApiProperty({ type: [CloudQuotaView], description: 'Empty where nobody has looked yet.' }) data!: CloudQuotaView[];
}

@ApiTags('cloud quotas')
@Controller('v1/cloud-quotas')
export class CloudQuotasController {
  constructor(private readonly source: DataSource) {}

  @Get()
  @Allow(...READERS)
  @ApiOperation({
    operationId: 'listCloudQuotas',
    summary: 'What the cloud account has left in a region of what dedicated layers are made of.',
  })
  @ApiOkResponse({ type: CloudQuotaList })
  async list(@Query() { region }: CloudQuotasQuery): Promise<CloudQuotaList> {
    const standings = await quotaStandings(this.source.manager, region);
    return {
      data: standings.map((standing) => ({ ...standing, left: quotaLeft(standing), says: quotaInWords(standing) })),
    };
  }
}
