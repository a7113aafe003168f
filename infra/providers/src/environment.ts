import { BulkheadError } from '@bulkhead/kernel';
import type { StandInSettings } from './aws/package.js';
import { RdsHost } from './aws/rds-host.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads how to reach AWS: AWS_REGION, AWS_ENDPOINT_URL (absent: AWS itself), BULKHEAD_LOCAL_RDS_URL and
 * BULKHEAD_LOCAL_RDS_TOKEN (absent: no local database servers). Credentials come by the SDK's default chain.
 * @throws BulkheadError `provider_misconfigured` naming the variable.
 */
export function awsSettings(environment: Environment): StandInSettings {
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  if (region === undefined || region === '')
    throw misconfigured('AWS_REGION is not set.', 'Set it to the region to work in.');
  const endpoint = environment['AWS_ENDPOINT_URL'] || undefined;
  const url = environment['BULKHEAD_LOCAL_RDS_URL'];
  const token = environment['BULKHEAD_LOCAL_RDS_TOKEN'];
  if (url === undefined || url === '') return { region, endpoint };
  if (token === undefined || token === '') {
    throw misconfigured(
      'BULKHEAD_LOCAL_RDS_URL is set without BULKHEAD_LOCAL_RDS_TOKEN.',
      'Set both, as the local stack prints them.',
    );
  }
  return { region, endpoint, rdsHost: new RdsHost(url, token) };
}

/** Ports that BULKHEAD_PROVIDER_PORTS asks for, e.g. `aws:4001,bulkhead:4002`. 0 lets the system choose. */
export function wantedPorts(environment: Environment): { aws: number; bulkhead: number } {
  const ports = { aws: 0, bulkhead: 0 };
  const text = environment['BULKHEAD_PROVIDER_PORTS'] ?? '';
  for (const entry of text === '' ? [] : text.split(',')) {
    const match = /^(aws|bulkhead):(\d{1,5})$/.exec(entry.trim());
    if (match === null) {
      throw misconfigured('BULKHEAD_PROVIDER_PORTS cannot be read.', 'Write it as aws:4001,bulkhead:4002.');
    }
    ports[match[1] as keyof typeof ports] = Number(match[2]);
  }
  return ports;
}

function misconfigured(publicMessage: string, remediation: string): BulkheadError {
  return new BulkheadError({ code: 'provider_misconfigured', status: 500, publicMessage, remediation });
}
