import { awsSettings, wantedPorts } from './environment.js';

test('without an endpoint AWS itself is meant', () => {
  expect(awsSettings({ AWS_REGION: 'eu-central-1' })).toEqual({ region: 'eu-central-1', endpoint: undefined });
});

test('what is missing is named', () => {
  expect(() => awsSettings({})).toThrow(/AWS_REGION/);
  expect(() => awsSettings({ AWS_REGION: 'r', BULKHEAD_LOCAL_RDS_URL: 'http://x' })).toThrow(
    /BULKHEAD_LOCAL_RDS_TOKEN/,
  );
});

test('ports are read, and a text that cannot be is refused', () => {
  expect(wantedPorts({})).toEqual({ aws: 0, bulkhead: 0 });
  expect(wantedPorts({ BULKHEAD_PROVIDER_PORTS: 'bulkhead:4002,aws:4001' })).toEqual({ aws: 4001, bulkhead: 4002 });
  expect(() => wantedPorts({ BULKHEAD_PROVIDER_PORTS: 'aws=1' })).toThrow(/BULKHEAD_PROVIDER_PORTS/);
});
