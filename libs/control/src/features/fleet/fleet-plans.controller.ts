import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CommandGate, principalName, type Call } from '../../gate/index.js';
import { Allow, Caller, notFound, Sends } from '../../http/index.js';
import { ApplyFleetPlan, ApplyFleetPlanBody } from './apply-plan.js';
import { FleetPlanReader } from './fleet-plan-reader.js';
import { FleetPlanView } from './fleet-plan-view.js';
import { KeepFleetPlan, KeepFleetPlanBody } from './keep-plan.js';

class FleetPlanOperation {
  @ApiProperty() id!: string;
}

class FleetPlanAccepted {
  @ApiProperty({ type: FleetPlanOperation }) operation!: FleetPlanOperation;
}

/** Of the plan; another shape names none. */
function hashFrom(text: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return text;
  throw notFound('fleet plan');
}

@ApiTags('fleet')
@Controller('v1/fleet/plans')
export class FleetPlansController {
  constructor(
    private readonly gate: CommandGate,
    private readonly plans: FleetPlanReader,
  ) {}

  @Post()
  @Sends(KeepFleetPlan)
  @ApiOperation({
    operationId: 'keepFleetPlan',
    summary: 'Keep the plan of a fleet preview, so that it can be applied by its hash.',
    description: 'At most 16 MiB. What it says would happen is not believed: it only bounds what may.',
  })
  @ApiCreatedResponse({ type: FleetPlanView })
  keep(@Body() { plan }: KeepFleetPlanBody, @Caller() call: Call): Promise<FleetPlanView> {
    return this.gate.execute(new KeepFleetPlan(plan, principalName(call.principal)), call);
  }

  @Get(':hash')
  @Allow('platform-admin', 'auditor', 'approver')
  @ApiOperation({ operationId: 'getFleetPlan', summary: 'One plan, and how far it has been applied.' })
  @ApiOkResponse({ type: FleetPlanView })
  get(@Param('hash') hash: string): Promise<FleetPlanView> {
    return this.plans.get(hashFrom(hash));
  }

  @Post(':hash/apply')
  @HttpCode(202)
  @Sends(ApplyFleetPlan)
  @ApiOperation({
    operationId: 'applyFleetPlan',
    summary:
      'Bring the stacks of a plan to it: canaries first, then so many at once, and none after the first failure.',
  })
  @ApiAcceptedResponse({
    type: FleetPlanAccepted,
    headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  })
  async apply(
    @Param('hash') hash: string,
    @Body() body: ApplyFleetPlanBody,
    @Caller() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FleetPlanAccepted> {
    const request = { ...body, planHash: hashFrom(hash), requestedBy: principalName(call.principal) };
    const { operationId } = await this.gate.execute(new ApplyFleetPlan(request), call);
    reply.header('location', `/v1/operations/${operationId}`);
    return { operation: { id: operationId } };
  }
}
