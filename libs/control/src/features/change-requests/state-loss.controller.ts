import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CommandGate, type Call } from '../../gate/index.js';
import { Caller, Sends } from '../../http/index.js';
import { ChangeView } from './change-view.js';
import { RequestStateLoss, RequestStateLossBody } from './request-state-loss.js';

@ApiTags('change requests')
@Controller('v1/change-requests/state-loss')
export class StateLossController {
  constructor(private readonly gate: CommandGate) {}

  @Post()
  @Sends(RequestStateLoss)
  @ApiOperation({
    operationId: 'requestStateLoss',
    summary: 'Ask that what a fleet preview showed to be lost may be lost. Takes two approvals.',
  })
  @ApiCreatedResponse({ type: ChangeView })
  create(@Body() body: RequestStateLossBody, @Caller() call: Call): Promise<ChangeView> {
    return this.gate.execute(new RequestStateLoss(body, call.principal), call);
  }
}
