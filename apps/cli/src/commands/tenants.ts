import {
  paginate,
  type BindingView,
  type BulkheadClient,
  type CreateTenantBody,
  type TenantPreview,
  type TenantRehearsed,
  type TenantView,
} from '@bulkhead/client';
import type { Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { printList, printOne, time, version, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { finish, onceOnly, withWaiting, type WaitOptions } from './wait.js';

const PREVIEW: Shape<TenantPreview>['columns'] = {
  SLUG: ({ slug }) => slug,
  NAME: ({ name }) => name,
  REGION: ({ region }) => region,
  TIER: ({ tier }) => version(tier),
  PLAN: ({ plan }) => version(plan),
  QUANTITY: ({ quantity }) => quantity,
  STATE: ({ state }) => state,
};

const TENANT: Shape<TenantView> = {
  name: ({ id }) => id,
  columns: { ID: ({ id }) => id, ...PREVIEW, CREATED: ({ createdAt }) => time(createdAt) },
};

const BINDING: Shape<BindingView> = {
  name: ({ bindingId }) => bindingId,
  columns: {
    LAYER: ({ layer }) => layer,
    ISOLATION: ({ isolation }) => isolation,
    STATE: ({ state }) => state,
    EPOCH: ({ epoch }) => epoch,
    BINDING: ({ bindingId }) => bindingId,
    CELL: ({ cellId }) => cellId,
    WHERE: ({ outputs }) =>
      Object.entries(outputs)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
  },
};

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
  const noun = maker.noun('tenants', 'Customers, and where they are placed.');
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
  noun
    .command('placement')
    .description('Show where each layer of a tenant is.')
    .argument('<tenant>', 'id or slug', reference)
    .action(maker.does(placement));
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

async function placement(session: Session, _options: unknown, tenant = ''): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  const answer = await client.getPlacement({ path: { id } });
  if (session.options.output === 'json' || session.options.output === 'yaml')
    printOne(session, answer, { name: ({ tenantId }) => tenantId, columns: {} });
  else printList(session, answer.bindings, BINDING);
}

/** By id, or by slug. @throws BulkheadError `tenant_not_found` */
export async function findTenant(client: BulkheadClient, idOrSlug: string): Promise<TenantView> {
  if (idOrSlug.startsWith('ten_')) return await client.getTenant({ path: { id: idOrSlug } });
  for await (const tenant of paginate((page) => client.listTenants({ query: { q: idOrSlug, ...page } })))
    if (tenant.slug === idOrSlug) return tenant;
  throw usageError(
    'tenant_not_found',
    `There is no tenant with the slug "${idOrSlug}".`,
    'Look for it: bulkhead tenants list --search …',
  );
}
