import type { TenantId } from '@bulkhead/kernel';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Caller, idFrom, NoBody, Sends } from '../../http/index.js';
import { ResumeTenant } from './resume-tenant.js';
import { SetMaintenance, SetMaintenanceBody } from './set-maintenance.js';
import { SuspendTenant, SuspendTenantBody } from './suspend-tenant.js';
import { TenantView } from './tenant-view.js';

/** Whether a tenant is served. */
@ApiTags('tenants')
@Controller('v1/tenants/:id')
export class TenantStandingController {
  constructor(private readonly gate: CommandGate) {}

  @Post('suspend')
  @HttpCode(200)
  @Sends(SuspendTenant)
  @ApiOperation({ operationId: 'suspendTenant', summary: 'Stop serving a tenant, and revoke its tokens.' })
  @ApiOkResponse({ type: TenantView })
  suspend(@Param('id') id: string, @Body() body: SuspendTenantBody, @Caller() call: Call): Promise<TenantView> {
    return this.gate.execute(new SuspendTenant({ ...body, ...asked(id, call) }), call);
  }

  @Post('resume')
  @HttpCode(200)
  @Sends(ResumeTenant)
  @ApiBody({ type: NoBody, required: false })
  @ApiOperation({ operationId: 'resumeTenant', summary: 'Serve a suspended tenant again.' })
  @ApiOkResponse({ type: TenantView })
  resume(@Param('id') id: string, @Body() _body: NoBody, @Caller() call: Call): Promise<TenantView> {
    return this.gate.execute(new ResumeTenant({ tenantId: asked(id, call).tenantId }), call);
  }

  @Post('maintenance')
  @HttpCode(200)
  @Sends(SetMaintenance)
  @ApiOperation({ operationId: 'setTenantMaintenance', summary: 'Begin or end a tenant’s maintenance.' })
  @ApiOkResponse({ type: TenantView })
  maintenance(@Param('id') id: string, @Body() body: SetMaintenanceBody, @Caller() call: Call): Promise<TenantView> {
    return this.gate.execute(new SetMaintenance({ ...body, ...asked(id, call) }), call);
  }
}

function asked(id: string, { principal }: Call): { tenantId: TenantId; requestedBy: string } {
  return { tenantId: idFrom('tenant', id, 'tenant'), requestedBy: principalName(principal) };
}
