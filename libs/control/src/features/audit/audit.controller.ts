import { Readable } from 'node:stream';
import { AuditLog } from '@bulkhead/store';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow, notFound } from '../../http/index.js';
import {
  AuditEventPage,
  CheckpointView,
  ConsistencyProofView,
  ConsistencyQuery,
  ExportQuery,
  InclusionProofView,
  InclusionQuery,
  ListAuditEventsQuery,
  viewEvent,
} from './audit-view.js';

@ApiTags('audit')
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Get('events')
  @Allow('auditor', 'platform-admin')
  @ApiOperation({ operationId: 'listAuditEvents', summary: 'Entries of the audit log, newest first.' })
  @ApiOkResponse({ type: AuditEventPage })
  async events(@Query() query: ListAuditEventsQuery): Promise<AuditEventPage> {
    const {
      limit,
      starting_after: startingAfter,
      tenant: tenantId,
      operation: operationId,
      entry: entryId,
      action,
    } = query;
    const page = await this.log.events({ limit, startingAfter, tenantId, operationId, entryId, action });
    return { data: page.data.map(viewEvent), hasMore: page.hasMore };
  }

  @Get('checkpoint')
  @Allow('auditor', 'platform-admin')
  @ApiOperation({ operationId: 'getAuditCheckpoint', summary: 'The newest signed checkpoint (C2SP tlog-checkpoint).' })
  @ApiOkResponse({ type: CheckpointView })
  async checkpoint(): Promise<CheckpointView> {
    const checkpoint = await this.log.checkpoint();
    if (!checkpoint) throw notFound('audit checkpoint');
    const { size, root, note, signedAt, anchoredAt, anchorRef } = checkpoint;
    return {
      size,
      root,
      note,
      signedAt: signedAt.toISOString(),
      anchoredAt: anchoredAt?.toISOString() ?? null,
      anchorRef,
    };
  }

  @Get('proofs/inclusion')
  @Allow('auditor', 'platform-admin')
  @ApiOperation({ operationId: 'proveAuditInclusion', summary: 'Proof that the log holds an entry (RFC 6962).' })
  @ApiOkResponse({ type: InclusionProofView })
  async inclusion(@Query() { index, size }: InclusionQuery): Promise<InclusionProofView> {
    const proof = await this.log.inclusionProof(index, size);
    return { ...proof, hashes: [...proof.hashes] };
  }

  @Get('proofs/consistency')
  @Allow('auditor', 'platform-admin')
  @ApiOperation({ operationId: 'proveAuditConsistency', summary: 'Proof that a log only grew (RFC 6962).' })
  @ApiOkResponse({ type: ConsistencyProofView })
  async consistency(@Query() { first, second }: ConsistencyQuery): Promise<ConsistencyProofView> {
    const proof = await this.log.consistencyProof(first, second);
    return { ...proof, hashes: [...proof.hashes] };
  }

  @Get('export')
  @Allow('auditor', 'platform-admin')
  @ApiOperation({
    operationId: 'exportAuditLog',
    summary: 'The log, or a range of it, for the offline verifier.',
    description: 'JSON Lines with a header, entries, hashes and signed checkpoints. It needs no server to be verified.',
  })
  @ApiOkResponse({ content: { 'application/jsonl': { schema: { type: 'string' } } } })
  async export(@Query() range: ExportQuery, @Res() reply: FastifyReply): Promise<void> {
    const lines = this.log.exportRange(range);
    // The first line before the headers: a range that does not exist is still a 404.
    const first = await lines.next();
    const text = first.done ? '' : first.value;
    reply.header('content-type', 'application/jsonl; charset=utf-8');
    reply.header('content-disposition', 'attachment; filename="bulkhead-audit.jsonl"');
    await reply.send(Readable.from(withFirst(text, lines), { objectMode: false }));
  }
}

async function* withFirst(first: string, rest: AsyncGenerator<string, void>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}
