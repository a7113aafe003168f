import { Body, Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CommandGate, type Call } from '../../gate/index.js';
import { Caller, Deletes, idFrom, Sends } from '../../http/index.js';
import { OverrideEntitlement, OverrideEntitlementBody, RemoveEntitlementOverride } from './override-entitlement.js';
import { TenantReader } from './tenant-reader.js';
import { EntitlementList } from './tenant-view.js';

/** What was agreed with one tenant, whatever its plan says. */
@ApiTags('tenants')
@Controller('v1/tenants/:id/entitlements')
export class TenantEntitlementsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly tenants: TenantReader,
  ) {}

  @Post()
  @HttpCode(200)
  @Sends(OverrideEntitlement)
  @ApiOperation({
    operationId: 'overrideEntitlement',
    summary: 'Grant or withhold a module, or set a quota’s ceiling.',
  })
  @ApiOkResponse({ type: EntitlementList, description: 'What the tenant may use from now on.' })
  async override(
    @Param('id') id: string,
    @Body() body: OverrideEntitlementBody,
    @Caller() call: Call,
  ): Promise<EntitlementList> {
    const tenantId = idFrom('tenant', id, 'tenant');
    await this.gate.execute(new OverrideEntitlement({ ...body, tenantId }), call);
    return this.tenants.entitlements(tenantId);
  }

  @Delete(':feature')
  @HttpCode(204)
  @Deletes(RemoveEntitlementOverride)
  @ApiOperation({
    operationId: 'removeEntitlementOverride',
    summary: 'Let the plan alone say about a module or quota.',
  })
  @ApiNoContentResponse()
  async remove(@Param('id') id: string, @Param('feature') feature: string, @Caller() call: Call): Promise<void> {
    const tenantId = idFrom('tenant', id, 'tenant');
    await this.gate.execute(new RemoveEntitlementOverride({ tenantId, feature }), call);
  }
}
