import * as pulumi from '@pulumi/pulumi';

// Tests read deep into what a program declared; typing each step would say nothing.
// eslint-disable-next-line typescript/no-explicit-any
type Properties = Record<string, any>;

/** A resource as the program declared it. */
export interface DeclaredResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  readonly protect: boolean;
  /** Logical name of the parent. */
  readonly parent: string | undefined;
}

const ACCOUNT = '123456789012';

/** Outputs that a cloud would add, as far as programs read them. */
function outputsOf(args: pulumi.runtime.MockResourceArgs): Properties {
  const name = args.inputs['name'] ?? args.inputs['bucket'] ?? args.inputs['identifier'] ?? args.name;
  switch (args.type) {
    case 'aws:kms/key:Key':
      return { keyId: `id-of-${args.name}`, arn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/${args.name}` };
    case 'aws:s3/bucket:Bucket':
      return { arn: `arn:aws:s3:::${name}` };
    case 'aws:sqs/queue:Queue':
      return { arn: `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`, url: `https://sqs.test/${ACCOUNT}/${name}` };
    case 'aws:rds/instance:Instance':
      return {
        address: `${name}.rds.test`,
        port: 5432,
        masterUserSecrets: [{ secretArn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:rds!${name}` }],
      };
    case 'aws:secretsmanager/secret:Secret':
      return { arn: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:${name}` };
    default:
      return { arn: `arn:aws:test:us-east-1:${ACCOUNT}:${name}` };
  }
}

/** Runs a program against Pulumi's mocks and returns every resource it declared, with the resolved result. */
export async function recordProgram<T>(
  program: () => T | Promise<T>,
): Promise<{ result: pulumi.Unwrap<T>; resources: DeclaredResource[] }> {
  const resources: DeclaredResource[] = [];
  const options = new Map<string, { protect: boolean; parent: string | undefined }>();
  await pulumi.runtime.setMocks(
    {
      newResource(args) {
        const declared = options.get(`${args.type} ${args.name}`);
        resources.push({
          type: args.type,
          name: args.name,
          inputs: args.inputs,
          protect: false,
          parent: undefined,
          ...declared,
        });
        return { id: `${args.name}-id`, state: { ...args.inputs, ...outputsOf(args) } };
      },
      call: (args) => {
        throw new Error(`Programs look nothing up, but ${args.token} was called`);
      },
    },
    'bulkhead',
    'test',
  );
  let declared: T | undefined;
  await pulumi.runtime.runInPulumiStack(async () => {
    // Mocks do not see options, but a transformation does.
    pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
      options.set(`${type} ${name}`, { protect: opts.protect === true, parent: nameOf(opts.parent) });
      return undefined;
    });
    declared = await program();
    return {};
  });
  // Waits for every declaration that is still under way.
  await pulumi.runtime.disconnect();
  const result = await new Promise<pulumi.Unwrap<T>>((resolve) => {
    pulumi.output(declared).apply((value) => resolve(value as pulumi.Unwrap<T>));
  });
  return { result, resources };
}

function nameOf(parent: pulumi.Resource | undefined): string | undefined {
  return (parent as { __name?: string } | undefined)?.__name;
}

/** The one declared resource of this type (and logical name, if given). */
export function only(resources: readonly DeclaredResource[], type: string, name?: string): DeclaredResource {
  const found = resources.filter((r) => r.type === type && (name === undefined || r.name === name));
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type} ${name ?? ''}`);
  return found[0]!;
}
