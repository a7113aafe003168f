import type { ApplyLandingZoneBody, LandingZoneView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { finish, onceOnly, withWaiting, type WaitOptions } from './wait.js';

const LANDING_ZONE: Shape<LandingZoneView> = {
  name: ({ region }) => region,
  columns: {
    REGION: ({ region }) => region,
    STATE: ({ state }) => state,
    'AUDIT BUCKET': ({ auditBucket }) => auditBucket,
    'LOG BUCKET': ({ logBucket }) => logBucket,
    'LOCK DAYS': ({ auditLockDays }) => auditLockDays,
  },
};

export function landingZones(maker: CommandMaker): Command {
  const noun = maker.noun('landing-zones', 'Baselines of regions: audit and log buckets, identity boundaries.');
  withWaiting(noun.command('apply'))
    .description('Lay the baseline of a region.')
    .requiredOption('--region <region>', 'region')
    .option('--audit-lock-days <number>', 'days that nobody can delete an audit checkpoint', wholeNumber)
    .action(maker.does<ApplyLandingZoneBody & WaitOptions>(apply));
  noun
    .command('list')
    .description('List landing zones.')
    .action(
      maker.does(async (session) => printList(session, (await session.client().listLandingZones()).data, LANDING_ZONE)),
    );
  noun
    .command('get')
    .description('Show the landing zone of a region.')
    .argument('<region>', 'region', reference)
    .action(
      maker.does(async (session, _options, region = '') => {
        printOne(session, await session.client().getLandingZone({ path: { region } }), LANDING_ZONE);
      }),
    );
  return noun;
}

async function apply(session: Session, options: ApplyLandingZoneBody & WaitOptions): Promise<void> {
  const { region, auditLockDays } = options;
  const body = { region, ...(auditLockDays !== undefined && { auditLockDays }) };
  const client = session.client();
  const { landingZone, operation } = await client.applyLandingZone({ body, ...onceOnly(options) });
  await finish(session, client, operation.id, options, async (ended) => {
    const latest = ended ? await client.getLandingZone({ path: { region } }) : landingZone;
    printOne(session, latest, LANDING_ZONE, { landingZone: latest, operation: ended ?? operation });
  });
}
