import * as aws from '@pulumi/aws';
import { PulumiStacks } from './pulumi-stack.js';

const tags = { 'bulkhead:id': 'bnd_failing' };

/** Programs that must fail. Each runs in a process of its own: a failed run leaves stray rejections in the SDK. */
export const failingPrograms = {
  'unknown-property': () => new aws.s3.Bucket('bucket', { bucket: 'bh-refused', accelerationStatus: 'Enabled', tags }),
  'unknown-type': () => new aws.sns.Topic('topic', { name: 'refused' }),
  'unknown-configuration': () => new aws.Provider('other', { region: 'us-east-1', profile: 'someone' }),
  'foreign-bucket': () => new aws.s3.Bucket('bucket', { bucket: 'bh-foreign', tags }),
} as const;
export type FailingProgram = keyof typeof failingPrograms;

async function main(name: FailingProgram, aws: number, bulkhead: number): Promise<void> {
  process.on('unhandledRejection', () => undefined);
  const stacks = new PulumiStacks({ aws, bulkhead });
  const stack = await stacks.stack(name, async () => void failingPrograms[name]());
  const failure = await stack.up().then(
    () => 'did not fail',
    (error: unknown) => String(error),
  );
  stacks.remove();
  process.stdout.write(failure, () => process.exit(0));
}

const [, file, name, awsPort, bulkheadPort] = process.argv;
if (file?.endsWith('failing-programs.js')) {
  await main(name as FailingProgram, Number(awsPort), Number(bulkheadPort));
}
