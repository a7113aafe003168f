import { Public } from '@bulkhead/tenancy/nest';
import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

class Health {
  @ApiProperty({ enum: ['up'] }) status!: 'up';
}

@ApiTags('health')
@Controller('v1/health')
export class HealthController {
  @Get()
  @Public()
  @ApiOperation({ operationId: 'getHealth', summary: 'Whether the service answers.' })
  @ApiOkResponse({ type: Health })
  get(): Health {
    return { status: 'up' };
  }
}
