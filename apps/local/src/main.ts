import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BulkheadError } from '@bulkhead/kernel';
import { ApiClient } from './api-client.js';
import { bookForEach } from './clinic-visit.js';
import { auditPublicKey, keepRunning, REPOSITORY } from './control-plane.js';
import { DEMO_USERS } from './local-secrets.js';
import { lookWithOrdinaryClients } from './ordinary-clients.js';
import { resetStack } from './reset.js';
import { onboardForMeasuring, onboardSamples, type OnboardedTenant } from './samples.js';
import { type Stack, startStack } from './stack.js';
import { placementOf, summarise } from './summary.js';

/** Enough for a median without making the demo long. */
const MEASURED = { pooled: 4, dedicated: 2 };

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function explain(error: unknown): string {
  if (error instanceof BulkheadError) return `${error.publicMessage}\n${error.remediation}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function clientOf({ engines, controlPlane }: Stack): ApiClient {
  return new ApiClient(controlPlane.apiUrl, async () => await engines.identity.token('platform-admin'));
}

/** Resolves when the user or the system asks this process to end, or its starter was killed. */
function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve(name));
    process.once('disconnect', () => resolve('the end of the starting process'));
    process.channel?.unref();
  });
}

function printAccess({ engines, controlPlane, workloadPlane }: Stack): void {
  const { identity, folder, aws, temporal } = engines;
  print('');
  print(`API          ${controlPlane.apiUrl}/v1   (OpenAPI ${controlPlane.apiUrl}/v1/openapi.json)`);
  print(`Clinic       ${workloadPlane.clinicUrl}/v1   (OpenAPI ${workloadPlane.clinicUrl}/openapi.json)`);
  print(`Identity     ${identity.issuer}   audience ${identity.audience}`);
  print(`AWS API      ${aws.endpoint}   Temporal ${temporal.address}`);
  print(`Audit key    ${auditPublicKey(engines)}`);
  print(`State, logs  ${folder.dir}`);
  print('');
  print('To sign in with the command line; the browser asks which demo user you are:');
  print(`  npx bulkhead login --url ${controlPlane.apiUrl}`);
  print('');
  print('A token without a browser (clients, and their roles, are ' + DEMO_USERS.join(', ') + '):');
  print(
    `  curl -s -u platform-admin:${identity.clients['platform-admin']} -d grant_type=client_credentials ${identity.issuer}/token`,
  );
  print(`The other clients' secrets are in ${folder.path('secrets.json')}.`);
}

async function start(dir: string, stopRequested: Promise<string>): Promise<number> {
  const stack = await startStack({ dir, log: print });
  const failed = new Promise<Error>((resolve) => keepRunning(stack.engines, resolve));
  let stopping = false;
  try {
    const onboarding = onboardSamples(clientOf(stack), print).then(async (onboarded) => {
      for (const line of await summarise(clientOf(stack), onboarded)) print(line);
      printAccess(stack);
      print('\nUp. Ctrl-C stops everything; the state is kept.');
    });
    // The stack stays up after a failed onboarding, so that it can be looked into and retried.
    void onboarding.catch((error: unknown) => {
      if (stopping) return;
      print(`\n${explain(error)}`);
      printAccess(stack);
    });
    const end = await Promise.race([stopRequested, failed]);
    stopping = true;
    if (typeof end === 'string') {
      print('\nStopping …');
      return 0;
    }
    print(`\n${explain(end)}`);
    return 1;
  } finally {
    await stack.stop();
  }
}

async function verify(stack: Stack, onboarded: readonly OnboardedTenant[]): Promise<boolean> {
  let ok = true;
  for (const { tenant } of onboarded) {
    print(`\n${tenant.name}, seen with ordinary clients:`);
    const looks = await lookWithOrdinaryClients(stack.engines.aws, await placementOf(clientOf(stack), tenant.id));
    for (const look of looks) print(`  ${look.ok ? 'ok ' : 'BAD'} ${look.layer}: ${look.seen}`);
    ok &&= tenant.state === 'active' && looks.length === 4 && looks.every((look) => look.ok);
  }
  return ok;
}

async function visitClinic({ engines, controlPlane, workloadPlane }: Stack, onboarded: readonly OnboardedTenant[]) {
  print('\nAn appointment for each tenant, booked at the clinic and looked at by both:');
  const issuer = new ApiClient(controlPlane.apiUrl, async () => await engines.identity.token('tenancy-issuer'));
  const tenants = onboarded.map(({ tenant }) => tenant);
  return await bookForEach(issuer, workloadPlane.clinicUrl, tenants, print);
}

async function demonstrate(stack: Stack): Promise<number> {
  const api = clientOf(stack);
  const onboarded = await onboardSamples(api, print);
  print('\nFurther tenants, for the medians:');
  await onboardForMeasuring(api, MEASURED, print);
  for (const line of await summarise(api, onboarded)) print(line);
  const resources = await verify(stack, onboarded);
  const apart = await visitClinic(stack, onboarded);
  const ok = resources && apart;
  const success = 'Both tenants are active, their resources answer, and neither sees what the other booked.';
  print(`\n${ok ? success : 'The demo failed.'}`);
  return ok ? 0 : 1;
}

// On a folder of its own, so that it shows the whole way from nothing and disturbs no running stack. It is kept when
// something failed.
async function demo(dir: string | undefined, stopRequested: Promise<string>): Promise<number> {
  const folder = dir ?? mkdtempSync(join(tmpdir(), 'bulkhead-demo-'));
  let code = 1;
  try {
    const stack = await startStack({ dir: folder, log: print });
    try {
      code = await Promise.race([demonstrate(stack), stopRequested.then(() => 130)]);
    } finally {
      await stack.stop();
    }
    return code;
  } finally {
    if (dir === undefined && code === 0) rmSync(folder, { recursive: true, force: true });
    if (code !== 0) print(`State and logs are in ${folder}.`);
  }
}

/**
 * `start`, `demo` or `reset`; see the root package.json. BULKHEAD_DIR names the state folder.
 * @returns the exit code
 */
export async function main(command: string): Promise<number> {
  const chosen = process.env.BULKHEAD_DIR || undefined;
  const dir = chosen ?? join(REPOSITORY, '.bulkhead');
  const stopRequested = askedToStop();
  try {
    if (command === 'start') return await start(dir, stopRequested);
    if (command === 'demo') return await demo(chosen, stopRequested);
    await resetStack(dir, print);
    return 0;
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    return 1;
  }
}
