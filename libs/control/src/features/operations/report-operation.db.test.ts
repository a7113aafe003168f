import { OperationEntity } from '@bulkhead/store';
import type { OperationState } from '@bulkhead/domain';
import { callOf, startCommands, type Commands } from '../../commands.fixture.js';
import { CancelOperation } from './cancel-operation.js';
import { ReportOperation } from './report-operation.js';

describe('reports of a workflow', () => {
  let commands: Commands;
  let count = 0;
  beforeAll(async () => {
    commands = await startCommands();
    await commands.addCell(100);
  });
  afterAll(() => commands.close());

  const opened = async () =>
    callOf(await commands.createTenant(`tenant-${count++}`, 'pooled', 'clinic-per-provider')).operationId;
  const report = (operationId: OperationEntity['id'], state: OperationState) =>
    commands.send(new ReportOperation({ operationId, state }));
  const stateOf = async (id: OperationEntity['id']) =>
    (await commands.source.manager.findOneByOrFail(OperationEntity, { id })).state;

  it('do not take back that a cancellation was asked for', async () => {
    const id = await opened();
    await commands.send(new CancelOperation(id), 'platform-admin');
    await report(id, 'running');
    expect(await stateOf(id)).toBe('cancelling');
  });

  it('may say that the work was done before the cancellation arrived', async () => {
    const id = await opened();
    await report(id, 'running');
    await commands.send(new CancelOperation(id), 'platform-admin');
    await report(id, 'succeeded');
    expect(await stateOf(id)).toBe('succeeded');
  });

  it('change nothing once the operation has ended', async () => {
    const id = await opened();
    await report(id, 'running');
    await report(id, 'failed');
    await report(id, 'failed');
    await expect(report(id, 'running')).rejects.toMatchObject({ code: 'operation_state_conflict' });
    expect(await stateOf(id)).toBe('failed');
  });
});
