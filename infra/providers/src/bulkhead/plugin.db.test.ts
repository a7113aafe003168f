import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalWorkspace, PulumiCommand } from '@pulumi/pulumi/automation/index.js';
import * as pulumi from '@pulumi/pulumi';
import { locateTools } from '../testing/tools.js';
import { PulumiStacks } from '../testing/pulumi-stack.js';

class Registration extends pulumi.CustomResource {
  constructor(name: string, args: object) {
    super('bulkhead:pool:Registration', name, { ...args });
  }
}

test('the CLI starts the plugin by itself from a folder, as in production', async () => {
  const stacks = new PulumiStacks({ aws: 0, bulkhead: 0 });
  const program = async () => {
    new Registration('one', {
      bindingId: 'bnd_1',
      layer: 'storage',
      host: 'db.internal',
      port: 5432,
      database: 'd',
      ownerRole: 'o',
      masterSecretArn: 'arn',
      keyArn: 'arn',
      locator: 'b/1/',
    });
  };
  const path = fileURLToPath(new URL('../../bin', import.meta.url));
  const workDir = join(stacks.folder, 'work');
  mkdirSync(workDir);
  writeFileSync(
    join(workDir, 'Pulumi.yaml'),
    JSON.stringify({ name: 'bulkhead', runtime: 'nodejs', plugins: { providers: [{ name: 'bulkhead', path }] } }),
  );
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: 'plugin', projectName: 'bulkhead', program },
    {
      pulumiCommand: await PulumiCommand.get({ root: locateTools().pulumiRoot }),
      workDir,
      envVars: {
        PULUMI_BACKEND_URL: `file://${stacks.folder}`,
        PULUMI_HOME: `${stacks.folder}/home`,
        PULUMI_CONFIG_PASSPHRASE: 'passphrase of a test',
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
        AWS_REGION: 'us-east-1',
      },
    },
  );
  expect((await stack.preview()).changeSummary).toEqual({ create: 2 });
  stacks.remove();
});
