import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { CLOUD_QUOTAS, type CloudQuota } from '@bulkhead/domain';
import nock from 'nock';
import { declaredQuotas, serviceQuotas, type QuotaSource } from './index.js';

// Answers as AWS gives them (botocore, service-quotas/2019-06-24: JSON 1.1, one address for each region).

afterEach(() => nock.cleanAll());
afterAll(() => nock.restore());

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const client = (region: string) => new ServiceQuotasClient({ region, credentials, maxAttempts: 1 });
const source = () => serviceQuotas(client('eu-central-1'), client('us-east-1'));
const absent = { __type: 'com.amazonaws.servicequotas#NoSuchResourceException', Message: 'not found' };

/** One answer for each question of this kind. */
function answers(region: string, operation: string, code: object, status: number, body: object): nock.Scope {
  return nock(`https://servicequotas.${region}.amazonaws.com`)
    .post('/', code as nock.DataMatcherMap)
    .matchHeader('x-amz-target', `ServiceQuotasV20190624.${operation}`)
    .reply(status, body, { 'content-type': 'application/x-amz-json-1.1' });
}

const ASKED: Readonly<Record<CloudQuota, readonly [region: string, code: object]>> = {
  'rds-instances': ['eu-central-1', { ServiceCode: 'rds', QuotaCode: 'L-7B6409FD' }],
  's3-buckets': ['us-east-1', { ServiceCode: 's3', QuotaCode: 'L-DC2B2D3D' }],
  'kms-keys': ['eu-central-1', { ServiceCode: 'kms', QuotaCode: 'L-C2F1777E' }],
  'iam-roles': ['us-east-1', { ServiceCode: 'iam', QuotaCode: 'L-FE177D64' }],
};

interface Kind {
  readonly knows: string;
  readonly knowing: (quota: CloudQuota, limit: number) => QuotaSource;
  readonly unknowing: (quota: CloudQuota) => QuotaSource;
}

const KINDS: readonly Kind[] = [
  {
    knows: 'AWS Service Quotas',
    knowing(quota, limit) {
      const [region, code] = ASKED[quota];
      answers(region, 'GetServiceQuota', code, 200, { Quota: { ...code, Value: limit } });
      return source();
    },
    unknowing(quota) {
      const [region, code] = ASKED[quota];
      answers(region, 'GetServiceQuota', code, 400, absent);
      answers(region, 'GetAWSDefaultServiceQuota', code, 400, absent);
      return source();
    },
  },
  {
    knows: 'the configuration',
    knowing: (quota, limit) => declaredQuotas(`${quota}=${limit}`),
    unknowing(quota) {
      const others = CLOUD_QUOTAS.filter((other) => other !== quota);
      return declaredQuotas(others.map((other) => `${other}=1`).join(', '));
    },
  },
];

// What every source keeps, whatever knows the limits.
describe.each(KINDS)('$knows', ({ knowing, unknowing }) => {
  it.each(CLOUD_QUOTAS)('says how many %s there may be', async (quota) => {
    expect(await knowing(quota, 40).limit(quota)).toBe(40);
  });
  it.each(CLOUD_QUOTAS)('says that it does not know of %s, and not that there may be none', async (quota) => {
    expect(await unknowing(quota).limit(quota)).toBeNull();
  });
});

it('an account that never asked for another limit has the default of AWS', async () => {
  const [region, code] = ASKED['rds-instances'];
  answers(region, 'GetServiceQuota', code, 400, absent);
  answers(region, 'GetAWSDefaultServiceQuota', code, 200, { Quota: { ...code, Value: 40.0 } });
  expect(await source().limit('rds-instances')).toBe(40);
});

it('a question that AWS does not answer is an error, and never a limit', async () => {
  const [region, code] = ASKED['kms-keys'];
  answers(region, 'GetServiceQuota', code, 400, { __type: 'AccessDeniedException', Message: 'no' });
  await expect(source().limit('kms-keys')).rejects.toThrow('no');
});

it.each(['rds=40', 'rds-instances=', 'rds-instances=-1', 'rds-instances=4.5', ''])('"%s" declares nothing', (text) => {
  expect(() => declaredQuotas(text)).toThrow('declares no cloud quota');
});
