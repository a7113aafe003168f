import { type CreateTenantBody, type TenantPreview, type TenantRehearsed } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printOne } from '../output/print.js';
import type { Session } from '../session.js';
import { findTenant, PREVIEW, TENANT } from './find-tenant.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { addStanding } from './tenant-standing.js';
import { finish, onceOnly, withWaiting, type WaitOptions } from './wait.js';

interface CreateOptions extends WaitOptions {
  readonly name: string;
  readonly slug: string;
  readonly region: CreateTenantBody['region'];
  readonly tier: string;
  readonly plan: string;
  readonly quantity: number;
  readonly environment?: CreateTenantBody['environment'];
  readonly partner?: string;
  readonly dryRun?: boolean;
}

interface TenantFilter extends ListOptions {
  readonly state?: string;
  readonly tier?: string;
  readonly region?: string;
  readonly search?: string;
}

export function tenants(maker: CommandMaker): Command {
  const noun = maker.noun('tenants', 'Customers: onboarding, standing, subscription.');
  withWaiting(noun.command('create'))
    .description('Onboard a tenant.')
    .requiredOption('--name <name>', 'name of the organisation')
    .requiredOption('--slug <slug>', 'short name, unique')
    .requiredOption('--region <region>', 'region of its data')
    .requiredOption('--tier <tier>', 'published tier: bulkhead tiers list')
    .requiredOption('--plan <plan>', 'published plan: bulkhead plans list')
    .requiredOption('--quantity <number>', 'billed units: providers or clinics', wholeNumber)
    .option('--environment <environment>', 'production or sandbox')
    .option('--partner <id>', 'partner that the tenant belongs to')
    .option('--dry-run', 'check everything and create nothing; exit code 2 when it could be created')
    .action(maker.does<CreateOptions>(create));
  withPaging(noun.command('list'))
    .description('List tenants, newest first.')
    .option('--state <state>', 'only those in this state')
    .option('--tier <tier>', 'only those of this tier')
    .option('--region <region>', 'only those in this region')
    .option('--search <text>', 'only those whose name or slug holds this')
    .action(maker.does<TenantFilter>(list));
  noun
    .command('get')
    .description('Show one tenant.')
    .argument('<tenant>', 'id or slug', reference)
    .action(
      maker.does(async (session, _options, tenant = '') => {
        printOne(session, await findTenant(session.client(), tenant), TENANT);
      }),
    );
  addStanding(noun, maker);
  return noun;
}

async function create(session: Session, options: CreateOptions): Promise<ExitCode> {
  const { name, slug, region, tier, plan, quantity, environment, partner, dryRun } = options;
  const body: CreateTenantBody = {
    ...{ name, slug, region, tier, plan, quantity },
    ...(environment && { environment }),
    ...(partner && { partnerId: partner }),
  };
  const client = session.client();
  const answer = await client.createTenant({
    body,
    ...onceOnly(options),
    ...(dryRun && { query: { dry_run: 'true' } }),
  });
  if ('dryRun' in answer) return rehearsed(session, answer);
  const { tenant, operation } = answer;
  await finish(session, client, operation.id, options, async (ended) => {
    const latest = ended ? await client.getTenant({ path: { id: tenant.id } }) : tenant;
    printOne(session, latest, TENANT, { tenant: latest, operation: ended ?? operation });
  });
  return EXIT.ok;
}

function rehearsed(session: Session, answer: TenantRehearsed): ExitCode {
  const layers = Object.entries(answer.layers ?? {}).map(
    ([layer, isolation]) => [layer.toUpperCase(), () => isolation] as const,
  );
  const shape = { name: ({ slug }: TenantPreview) => slug, columns: { ...PREVIEW, ...Object.fromEntries(layers) } };
  printOne(session, answer.tenant, shape, answer);
  session.note('Dry run: everything was checked and nothing was created.');
  return EXIT.changesPending;
}

async function list(session: Session, options: TenantFilter): Promise<void> {
  const { state, tier, region, search } = options;
  const filter = { state, tier, region, q: search } as object;
  const client = session.client();
  await printPages(session, options, TENANT, (page) => client.listTenants({ query: { ...filter, ...page } }));
}
