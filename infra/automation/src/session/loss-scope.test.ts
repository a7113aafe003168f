import type { DeclaredResource } from '../state/stack-state.js';
import { lossScope } from './loss-scope.js';

const resource = (urn: string, type: string, dependencies: readonly string[] = [], protect = false) =>
  ({ urn, type, custom: true, protect, dependencies, inputs: {} }) satisfies DeclaredResource;
const known: readonly DeclaredResource[] = [
  resource('key', 'aws:kms/key:Key', [], true),
  resource('alias', 'aws:kms/alias:Alias', ['key']),
  resource('queue', 'aws:sqs/queue:Queue', ['key'], true),
  resource('policy', 'aws:sqs/queuePolicy:QueuePolicy', ['queue']),
  resource('instance', 'aws:rds/instance:Instance', [], true),
  resource('database', 'bulkhead:postgres:TenantDatabase', ['instance'], true),
  resource('alarm', 'aws:cloudwatch/metricAlarm:MetricAlarm', ['instance']),
];

it('the loss of a key is not the loss of what it encrypts, however far away that is', () => {
  expect(lossScope(known, ['key'])).toEqual({ released: ['key'], unnamed: ['queue'] });
  const behind = [...known, resource('secret', 'aws:secretsmanager/secret:Secret', ['alias'])];
  expect(lossScope(behind, ['key']).unnamed).toEqual(['queue', 'secret']);
  expect(lossScope(known, ['key', 'queue'])).toEqual({ released: ['key', 'queue'], unnamed: [] });
});

it('what holds no data goes along, unless it is protected', () => {
  expect(lossScope(known, ['queue'])).toEqual({ released: ['queue'], unnamed: [] });
  const kept = known.map((one) => (one.urn === 'policy' ? { ...one, protect: true } : one));
  expect(lossScope(kept, ['queue']).unnamed).toEqual(['policy']);
});

it('a database is lost with the instance in which it lies', () => {
  expect(lossScope(known, ['instance'])).toEqual({ released: ['instance', 'database'], unnamed: [] });
});

it('children go with their parent', () => {
  const child = { ...resource('child', 'aws:s3/bucket:Bucket', [], true), parent: 'queue' };
  expect(lossScope([...known, child], ['queue']).unnamed).toEqual(['child']);
});
