import { recordProgram } from '@bulkhead/components/testing';
import { LAYERS, physicalNames, type RosterSpec } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import { programFor } from './program-for.js';

const cellId = newId('cell');
const registrations = LAYERS.map((layer) => ({ bindingId: newId('binding'), layer }));
const spec: RosterSpec = {
  rosterId: newId('roster'),
  cellId,
  region: 'us-east-1',
  cell: {
    database: {
      host: 'db.test',
      port: 5433,
      database: 'pool',
      masterSecretArn: 'arn:master',
      servingSecretArn: 'arn:app',
    },
    bucket: 'bucket',
    keyArn: 'arn:key',
    queueUrl: 'https://q',
    deadLetterQueueUrl: 'https://dlq',
  },
  registrations,
};

test('each binding is registered where its layer is in the cell', async () => {
  const { resources, result } = await recordProgram(programFor({ program: 'roster', spec }));
  const registered = resources.filter((r) => r.type === 'bulkhead:pool:Registration');
  const [database, storage, key, queue] = registrations.map((r) => r.bindingId);
  const locators = {
    [database!]: 'pool',
    [storage!]: physicalNames(storage!).prefix,
    [key!]: key,
    [queue!]: physicalNames(queue!).lane,
  };
  expect(Object.fromEntries(registered.map((r) => [r.inputs['bindingId'], r.inputs['locator']]))).toEqual(locators);
  expect(registered[0]?.inputs).toEqual({
    bindingId: database,
    layer: 'database',
    host: 'db.test',
    port: 5433,
    database: 'pool',
    ownerRole: physicalNames(cellId).ownerRole,
    masterSecretArn: 'arn:master',
    keyArn: 'arn:key',
    locator: 'pool',
  });
  expect(result).toEqual({
    registrations: Object.fromEntries(
      registrations.map((r) => [r.bindingId, { ...r, locator: locators[r.bindingId] }]),
    ),
  });
});

test('the name of a registration is its binding, whatever its place in the list', async () => {
  const reversed = { ...spec, registrations: [...registrations].reverse() };
  const { resources } = await recordProgram(programFor({ program: 'roster', spec: reversed }));
  for (const resource of resources.filter((r) => r.type === 'bulkhead:pool:Registration')) {
    expect(resource.name).toBe(resource.inputs['bindingId']);
  }
});

test('an empty roster registers nothing', async () => {
  const { result } = await recordProgram(programFor({ program: 'roster', spec: { ...spec, registrations: [] } }));
  expect(result).toEqual({ registrations: {} });
});

test('a roster over its size or with a binding twice is refused before anything is declared', () => {
  const request = (invalid: RosterSpec) => programFor({ program: 'roster', spec: invalid });
  const many = Array.from({ length: 51 }, () => ({ bindingId: newId('binding'), layer: 'database' as const }));
  expect(() => request({ ...spec, registrations: many })).toThrow(expect.objectContaining({ code: 'roster_invalid' }));
  const twice = [registrations[0]!, registrations[0]!];
  expect(() => request({ ...spec, registrations: twice })).toThrow(expect.objectContaining({ code: 'roster_invalid' }));
});
