import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { createRequire } from 'node:module';
import type { AnyResourceType, Connection, Package, Rules } from '../protocol/resource-type.js';
import { hasUnknown, type Properties } from '../protocol/values.js';
import { backupPlan, backupVault } from './backup.js';
import { backupSelection } from './backup-selection.js';
import { AwsClients, type AwsAccess } from './clients.js';
import { metricAlarm } from './cloudwatch.js';
import { logGroup } from './cloudwatch-logs.js';
import { iamPolicy, iamRole, iamRolePolicy } from './iam.js';
import { kmsAlias, kmsKey } from './kms.js';
import { rdsParameterGroup, rdsSubnetGroup } from './rds-groups.js';
import type { RdsHost } from './rds-host.js';
import { rdsInstance } from './rds-instance.js';
import { s3Bucket } from './s3-bucket.js';
import {
  s3Encryption,
  s3ObjectLock,
  s3Ownership,
  s3Policy,
  s3PublicAccessBlock,
  s3Versioning,
} from './s3-bucket-settings.js';
import { s3Lifecycle } from './s3-lifecycle.js';
import { secret } from './secretsmanager.js';
import { sqsQueue, sqsQueuePolicy } from './sqs.js';

const TYPES: readonly AnyResourceType<AwsClients>[] = [
  kmsKey,
  kmsAlias,
  s3Bucket,
  s3PublicAccessBlock,
  s3Encryption,
  s3Versioning,
  s3Lifecycle,
  s3Policy,
  s3ObjectLock,
  s3Ownership,
  sqsQueue,
  sqsQueuePolicy,
  rdsInstance,
  rdsParameterGroup,
  rdsSubnetGroup,
  secret,
  iamRole,
  iamRolePolicy,
  iamPolicy,
  metricAlarm,
  logGroup,
  backupVault,
  backupPlan,
  backupSelection,
];

/**
 * What @pulumi/aws's Provider may send (its provider.js). The first group matters here; the rest only steers how the
 * real provider reaches AWS, which this one takes from its own environment. Whatever would change who acts, such as
 * `assumeRoles`, is refused by name.
 */
const CONFIGURATION: Rules = {
  region: {},
  defaultTags: {},
  accessKey: {},
  secretKey: {},
  token: {},
  endpoints: {},
  skipCredentialsValidation: {},
  skipMetadataApiCheck: {},
  skipRegionValidation: {},
  skipRequestingAccountId: {},
  s3UsePathStyle: {},
  s3UsEast1RegionalEndpoint: {},
  stsRegion: {},
  maxRetries: {},
  retryMode: {},
  insecure: {},
};

/** Where the stand-in works, as the environment says. */
export interface StandInSettings extends AwsAccess {
  readonly rdsHost?: RdsHost | undefined;
}

/** The local stand-in for the `aws` plugin: the same types and properties, refused by name where not implemented. */
export function awsStandIn(settings: StandInSettings): Package<AwsClients> {
  const { version } = createRequire(import.meta.url)('@pulumi/aws/package.json') as { version: string };
  return {
    name: 'aws',
    version,
    types: TYPES,
    configuration: CONFIGURATION,
    configure: (given) => connect(settings, given),
  };
}

function connect(settings: StandInSettings, given: Properties): Connection<AwsClients> {
  const defaultTags = (parsed(given['defaultTags']) as { tags?: Properties } | undefined)?.tags ?? {};
  const home = (given['region'] as string | undefined) ?? settings.region;
  const byRegion = new Map<string, AwsClients>();
  const cloud = (inputs: Properties): AwsClients => {
    const region = (inputs['region'] as string | undefined) ?? home;
    const known = byRegion.get(region);
    if (known !== undefined) return known;
    const clients = new AwsClients({ ...settings, ...credentialsOf(given), region }, settings.rdsHost);
    byRegion.set(region, clients);
    return clients;
  };
  return {
    cloud,
    prepare: (inputs, type) => withDefaultTags(inputs, type, defaultTags),
    invoke: (token, args) => invoke(cloud(args), token),
  };
}

/** Provider configuration that is not text travels as JSON text (@pulumi/aws provider.js). */
function parsed(value: unknown): unknown {
  return typeof value === 'string' && !hasUnknown(value) ? JSON.parse(value) : value;
}

function credentialsOf(given: Properties): Pick<AwsAccess, 'credentials'> {
  const { accessKey, secretKey, token } = given;
  if (typeof accessKey !== 'string' || typeof secretKey !== 'string') return {};
  const session = typeof token === 'string' ? { sessionToken: token } : {};
  return { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, ...session } };
}

/** As pulumi-aws does (provider/tags.go `applyTags`): the provider's default tags become part of the inputs. */
function withDefaultTags(inputs: Properties, type: AnyResourceType<AwsClients>, defaults: Properties): Properties {
  const own = inputs['tags'];
  if (type.rules['tags'] === undefined || Object.keys(defaults).length === 0 || typeof own === 'string') return inputs;
  return { ...inputs, tags: { ...defaults, ...(own as Properties | undefined) } };
}

async function invoke(cloud: AwsClients, token: string): Promise<Properties | undefined> {
  switch (token) {
    case 'aws:index/getCallerIdentity:getCallerIdentity': {
      const { Account = '', Arn = '', UserId = '' } = await cloud.sts.send(new GetCallerIdentityCommand({}));
      return { accountId: Account, arn: Arn, userId: UserId, id: Account };
    }
    case 'aws:index/getRegion:getRegion':
      return {
        name: cloud.region,
        region: cloud.region,
        id: cloud.region,
        endpoint: `ec2.${cloud.region}.amazonaws.com`,
        description: '',
      };
    case 'aws:index/getPartition:getPartition':
      return { partition: 'aws', id: 'aws', dnsSuffix: 'amazonaws.com', reverseDnsPrefix: 'com.amazonaws' };
    default:
      return undefined;
  }
}
