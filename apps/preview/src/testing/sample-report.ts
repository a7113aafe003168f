import type { JudgedStep } from '@bulkhead/domain/fleet';
import type { FleetReport, StackReport } from '../report.js';

export const step = (changes: Partial<JudgedStep> = {}): JudgedStep => ({
  urn: 'urn:pulumi:s::bulkhead::aws:sqs/queue:Queue::queue-queue',
  type: 'aws:sqs/queue:Queue',
  name: 'queue-queue',
  operation: 'update',
  properties: [{ path: 'delaySeconds', before: '0', after: '5', replaces: false }],
  ...changes,
});

export const stack = (changes: Partial<StackReport> = {}): StackReport => ({
  stack: 'dedicated-tenant.stk_1',
  program: 'dedicated-tenant',
  tenants: [{ id: 'ten_1', slug: 'lakeside' }],
  result: 'unchanged',
  steps: [],
  violations: [],
  notes: [],
  wantedDigest: 'sha256:w',
  stateDigest: 'sha256:s',
  ...changes,
});

export const report = (changes: Partial<FleetReport> = {}): FleetReport => ({
  stacks: [stack()],
  problems: [],
  prices: null,
  code: 'sha256:c',
  templates: [],
  base: null,
  head: null,
  bundle: { createdAt: '2026-11-01T00:00:00.000Z', source: 'https://bulkhead.example' },
  ...changes,
});

export const blocked = step({ operation: 'replace', blocked: 'State would be lost.', name: 'database-instance' });
