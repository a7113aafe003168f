import * as aws from '@pulumi/aws';
import { PulumiStacks, type ProviderProcess } from './pulumi-stack.js';

const tags = { 'bulkhead:id': 'bnd_failing' };

/** Programs that must fail. Each runs in a process of its own: a failed run leaves stray rejections in the SDK. */
export const failingPrograms = {
  'unknown-property': () => new aws.s3.Bucket('bucket', { bucket: 'bh-refused', accelerationStatus: 'Enabled', tags }),
  'unknown-type': () => new aws.sns.Topic('topic', { name: 'refused' }),
  'unknown-configuration': () => new aws.Provider('other', { region: 'us-east-1', profile: 'someone' }),
  'foreign-bucket': () => new aws.s3.Bucket('bucket', { bucket: 'bh-foreign', tags }),
  // The log group is made, and then its retention is refused.
  'half-made': () => new aws.cloudwatch.LogGroup('group', { name: 'bh-half-made', retentionInDays: 2, tags }),
} as const;
export type FailingProgram = keyof typeof failingPrograms;

async function main(name: FailingProgram, ports: ProviderProcess['ports'], folder: string): Promise<void> {
  process.on('unhandledRejection', () => undefined);
  const stacks = new PulumiStacks(ports, folder);
  const stack = await stacks.stack(name, async () => void failingPrograms[name]());
  const failure = await stack.up().then(
    () => 'did not fail',
    (error: unknown) => String(error),
  );
  process.stdout.write(failure, () => process.exit(0));
}

const [, file, name, awsPort, bulkheadPort, folder = ''] = process.argv;
if (file?.endsWith('failing-programs.js')) {
  await main(name as FailingProgram, { aws: Number(awsPort), bulkhead: Number(bulkheadPort) }, folder);
}
