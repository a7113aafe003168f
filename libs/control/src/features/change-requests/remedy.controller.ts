import type { DriftChangeKind } from '@bulkhead/domain/drift';
import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CommandGate, type Call } from '../../gate/index.js';
import { Caller, idFrom, Sends } from '../../http/index.js';
import { ChangeView } from './change-view.js';
import { RequestRemedy, RequestRemedyBody } from './request-remedy.js';

@ApiTags('drift')
@Controller('v1/drift-findings')
export class RemedyController {
  constructor(private readonly gate: CommandGate) {}

  @Post(':id/repair')
  @Sends(RequestRemedy)
  @ApiOperation({
    operationId: 'repairDrift',
    summary: 'Ask that what is recorded be put back. Takes two approvals where data would be lost.',
    description: 'Of an orphan: that it be deleted. What held data and is gone is refused: it has to be restored.',
  })
  @ApiCreatedResponse({ type: ChangeView })
  repair(@Param('id') id: string, @Body() body: RequestRemedyBody, @Caller() call: Call): Promise<ChangeView> {
    return this.#request('drift-repair', id, body, call);
  }

  @Post(':id/adopt')
  @Sends(RequestRemedy)
  @ApiOperation({
    operationId: 'adoptDrift',
    summary: 'Ask that the record be what is there now. Refused when the template would undo it at once.',
  })
  @ApiCreatedResponse({ type: ChangeView })
  adopt(@Param('id') id: string, @Body() body: RequestRemedyBody, @Caller() call: Call): Promise<ChangeView> {
    return this.#request('drift-adopt', id, body, call);
  }

  #request(kind: DriftChangeKind, id: string, body: RequestRemedyBody, call: Call): Promise<ChangeView> {
    const findingId = idFrom('driftFinding', id, 'drift finding');
    return this.gate.execute(new RequestRemedy({ ...body, kind, findingId, principal: call.principal }), call);
  }
}
