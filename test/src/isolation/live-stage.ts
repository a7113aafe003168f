import { generateKeyPairSync } from 'node:crypto';
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { provisioningQueueActivities, type Dependencies } from '@bulkhead/activities';
import type { LivePlace, ProbedCell, RecordProof } from '@bulkhead/control';
import { physicalNames } from '@bulkhead/domain';
import { createNoteSigner } from '@bulkhead/domain/audit';
import type { ProofReport } from '@bulkhead/domain/isolation';
import { PLAIN_WORKLOAD } from '@bulkhead/isolation';
import { idHex, newId, Redacted, type StackId } from '@bulkhead/kernel';
import { AWS_ACCOUNT_ID, policyDocument } from '@bulkhead/local';
import { createLogger } from '@bulkhead/runtime';
import { MockActivityEnvironment } from '@temporalio/testing';
import { TenancyStage, type StagedTenant } from '../tenancy/tenancy-stage.js';
import { ProofServices } from './proof-services.js';

const EPOCH = 3;
const NAMES = ['a', 'b', 'pooled', 'dedicated'] as const;
type Name = (typeof NAMES)[number];
type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** A cell with two tenants of the proof and a customer, a stack of another customer, and what a live proof calls. */
export class LiveStage {
  private constructor(
    readonly stage: TenancyStage,
    readonly tenants: Readonly<Record<Name, StagedTenant>>,
    readonly services: ProofServices,
    private readonly prover: Credentials,
  ) {}

  static async start(): Promise<LiveStage> {
    const stage = await TenancyStage.start();
    const staged: [Name, StagedTenant][] = [];
    for (const name of NAMES) staged.push([name, await stage.tenant(name === 'dedicated' ? 'dedicated' : 'shared')]);
    const tenants = Object.fromEntries(staged) as Record<Name, StagedTenant>;
    const home = tenants.a.placed.cell?.cellId ?? '';
    const services = await ProofServices.start((tenantId) => stage.sign(tenantId, home));
    const live = new LiveStage(stage, tenants, services, await proverUser(stage));
    await live.#makeLogins();
    return live;
  }

  /** The secrets of consumers and migrators, as every database has them; nobody logs in with these. */
  async #makeLogins(): Promise<void> {
    for (const home of [this.cell.cellId, this.bindingOf('dedicated', 'database')]) {
      const { consumerSecret, migratorSecret } = physicalNames(home);
      for (const Name of [consumerSecret, migratorSecret])
        await this.clients.secrets.send(new CreateSecretCommand({ Name, SecretString: '{}' }));
    }
  }

  get clients() {
    return this.stage.engines.clients;
  }

  get iam() {
    return this.stage.engines.plane.clients.iam;
  }

  get cell() {
    const { cell } = this.tenants.a.placed;
    if (!cell) throw new Error('The tenant has no cell');
    return cell;
  }

  bindingOf(name: Name, layer: string) {
    const found = this.tenants[name].placed.bindings.find((binding) => binding.layer === layer);
    return found?.bindingId ?? newId('binding');
  }

  /** What the control plane's rows say of the cell and of the stack of the dedicated tenant. */
  places(): LivePlace[] {
    const { cellId, outputs } = this.cell;
    const { bucket, keyArn, queueUrl, deadLetterQueueUrl, database } = outputs;
    const { placed } = this.tenants.dedicated;
    const stackId = placed.stackId as StackId;
    const shared = (['a', 'b', 'pooled'] as const).flatMap((one) => this.tenants[one].placed.bindings);
    const region = this.stage.cloud.region;
    return [
      {
        id: cellId,
        region,
        role: physicalNames(cellId).role,
        bindings: shared,
        resources: {
          database: { ...database, instance: '' },
          storage: { bucket, arn: `arn:aws:s3:::${bucket}` },
          key: { keyArn, alias: '' },
          queue: { queueUrl, deadLetterQueueUrl },
        },
        secretsOf: cellId,
        keyArn,
      },
      {
        id: stackId,
        region,
        role: `bh-${idHex(stackId)}`,
        bindings: placed.bindings,
        resources: placed.dedicated,
        secretsOf: this.bindingOf('dedicated', 'database'),
        keyArn: placed.dedicated.key?.keyArn ?? '',
      },
    ];
  }

  #probed(probes: readonly Name[] = ['a', 'b']): ProbedCell {
    const { cellId, outputs } = this.cell;
    const served = probes.map((name) => ({ tenantId: this.tenants[name].placed.tenantId, home: cellId, epoch: EPOCH }));
    return { cellId, region: this.stage.cloud.region, outputs, probes: served, onboarding: 0 };
  }

  /** The worker's own activity, with the tree's shipped code all the way down to IAM. */
  async prove(changes: { probes?: readonly Name[]; prover?: null } = {}): Promise<ProofReport> {
    const { services, prover, stage } = this;
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const sent: RecordProof[] = [];
    await services.move();
    const profile = { roles: ['clinician'], things: [{ path: '/v1/patients', body: {} }], leastRoutes: 4 };
    const options: Dependencies['prover'] = {
      apiUrl: services.control,
      oidcIssuer: services.control,
      clientId: 'isolation-prover',
      clientSecret: new Redacted('s'),
      ...stage.cloud,
      credentials: prover,
      iam: this.iam,
      services: [{ name: 'practice', document: new URL(`${services.practice}/openapi.json`), profile }],
    };
    const activities = provisioningQueueActivities({
      gate: { execute: async (command: RecordProof) => void sent.push(command) },
      isolation: {
        tenantDatabases: async () => [],
        probedCells: async () => [this.#probed(changes.probes)],
        livePlaces: async () => this.places(),
      },
      planes: stage.engines.clients,
      workload: PLAIN_WORKLOAD,
      prover: changes.prover === null ? null : options,
      logger: createLogger({ name: 'worker', level: 'silent' }),
      reportSigner: createNoteSigner(pem, 'log.example/audit'),
    } as unknown as Dependencies);
    const call = { operationId: newId('operation'), proofId: newId('isolationProof') };
    await new MockActivityEnvironment().run(() => activities.proveIsolation(call));
    const { signed } = sent[0]?.outcome ?? {};
    if (!signed) throw new Error('Nothing was recorded');
    return signed.report;
  }

  async stop(): Promise<void> {
    this.services.stop();
    await this.stage.stop();
  }
}

/** The IAM user of proofs, with the very policy of the local stack. */
async function proverUser(stage: TenancyStage): Promise<Credentials> {
  const { iam } = stage.engines.plane.clients;
  const UserName = `prover-${newId('token')}`;
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = policyDocument('bulkhead-prover', AWS_ACCOUNT_ID, stage.cloud.region);
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'bulkhead', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}
