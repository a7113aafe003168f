import { readFile } from 'node:fs/promises';
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { StepProgress, type Dependencies } from '@bulkhead/activities';
import { createAutomation, type Automation } from '@bulkhead/automation';
import {
  ChangeReader,
  CommandGate,
  ContextKeyReader,
  DriftReader,
  FleetPlanReader,
  FleetReader,
  IsolationReader,
  PlacementReader,
  SubscriptionReader,
} from '@bulkhead/control';
import type { Patience } from '@bulkhead/definitions';
import { createNoteSigner, type NoteSigner } from '@bulkhead/domain/audit';
import { PLAIN_WORKLOAD, parseWorkloadProfile, type WorkloadProfile } from '@bulkhead/isolation';
import { LedgerBilling, StripeBilling } from '@bulkhead/integrations';
import { AWS_TIME_LIMITS, Redacted } from '@bulkhead/kernel';
import type { PlaneClients } from '@bulkhead/planes';
import type { Logger } from '@bulkhead/runtime';
import type { INestApplicationContext } from '@nestjs/common';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { pluginEnvironment, type WorkerConfig } from './config.js';
import { proverOptions } from './prover.js';

/** Everything that activities work with, from the configuration. */
export async function createDependencies(
  config: WorkerConfig,
  {
    commands,
    temporal,
    ledger,
    logger,
    patience,
  }: {
    commands: INestApplicationContext;
    temporal: Client;
    ledger: pg.Pool;
    logger: Logger;
    patience: Partial<Patience>;
  },
): Promise<Dependencies> {
  const planes = planeClients(config);
  return {
    gate: commands.get(CommandGate),
    placements: commands.get(PlacementReader),
    subscriptions: commands.get(SubscriptionReader),
    changes: commands.get(ChangeReader),
    progress: new StepProgress(commands.get(DataSource)),
    isolation: commands.get(IsolationReader),
    workload: await workloadProfile(config),
    prover: await proverOptions(config),
    reportSigner: await reportSigner(config),
    automation: await openAutomation(config),
    region: config.BULKHEAD_REGION,
    fleet: commands.get(FleetReader),
    fleetPlans: commands.get(FleetPlanReader),
    drift: commands.get(DriftReader),
    inventory: { ...planes, iam: new IAMClient({ region: config.BULKHEAD_REGION, requestHandler: AWS_TIME_LIMITS }) },
    planes,
    contextKeys: commands.get(ContextKeyReader),
    contextRecipient: config.BULKHEAD_CONTEXT_RECIPIENT,
    billing: await billingOf(config, ledger),
    temporal,
    logger,
    patience,
  };
}

async function workloadProfile({ BULKHEAD_WORKLOAD_PROFILE: file }: WorkerConfig): Promise<WorkloadProfile> {
  return file === undefined ? PLAIN_WORKLOAD : parseWorkloadProfile(await readFile(file, 'utf8'));
}

async function reportSigner(config: WorkerConfig): Promise<NoteSigner> {
  const pem = await readFile(config.BULKHEAD_AUDIT_SIGNING_KEY_FILE, 'utf8');
  return createNoteSigner(pem, config.BULKHEAD_AUDIT_ORIGIN);
}

function openAutomation(config: WorkerConfig): Promise<Automation> {
  return createAutomation({
    pulumiRoot: config.BULKHEAD_PULUMI_ROOT,
    pulumiHome: config.BULKHEAD_PULUMI_HOME,
    stateAdminUrl: config.BULKHEAD_STATE_ADMIN_URL,
    passphraseFile: config.BULKHEAD_PULUMI_PASSPHRASE_FILE,
    providers: config.BULKHEAD_PROVIDERS,
    providerEnvironment: pluginEnvironment(config),
  });
}

/** The SDK takes endpoint and credentials from the environment, as it does everywhere. */
function planeClients({ BULKHEAD_REGION: region, BULKHEAD_PLANE_TLS, AWS_ENDPOINT_URL }: WorkerConfig): PlaneClients {
  const common = { region, requestHandler: AWS_TIME_LIMITS };
  return {
    kms: new KMSClient(common),
    rds: new RDSClient(common),
    // An emulator has no host name for each bucket.
    s3: new S3Client({ ...common, forcePathStyle: AWS_ENDPOINT_URL !== undefined }),
    secrets: new SecretsManagerClient(common),
    sqs: new SQSClient(common),
    databaseTls: BULKHEAD_PLANE_TLS === 'on',
  };
}

async function billingOf(
  { BULKHEAD_STRIPE_API_KEY_FILE: file }: WorkerConfig,
  ledger: pg.Pool,
): Promise<Dependencies['billing']> {
  if (file === undefined) return { name: 'ledger', provider: new LedgerBilling(ledger) };
  const apiKey = new Redacted((await readFile(file, 'utf8')).trim());
  return { name: 'stripe', provider: new StripeBilling({ apiKey }) };
}
