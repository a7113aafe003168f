import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import type { LivePlace, ProbedCell } from '@bulkhead/control';
import { physicalNames } from '@bulkhead/domain';
import {
  dryKey,
  dryObjects,
  dryQueue,
  drySecret,
  drySecretsUnder,
  type DryAttempt,
  type DryPart,
  type HoldingsTarget,
} from '@bulkhead/isolation';
import { logins, placePolicies, type PolicyClients } from './place-policies.js';
import type { ProbeLibrary, SessionClients } from './probe-library.js';

/** Two tenants of the proof with the cell that they are in. */
export interface Probes {
  readonly cell: ProbedCell;
  readonly library: ProbeLibrary;
}

/** What the proof makes its targets of. */
export interface HoldingsGrounds {
  readonly clients: PolicyClients;
  readonly places: readonly LivePlace[];
  readonly probes: readonly Probes[];
  /** Names of all secrets that are tenants' own. */
  readonly secretNames: readonly string[];
}

/** Names of the secrets that tenants have: `bulkhead/<cell or binding>/tenant/…`. */
export async function tenantSecretNames({ secrets }: PolicyClients): Promise<string[]> {
  const names: string[] = [];
  const Filters = [{ Key: 'name' as const, Values: ['bulkhead/'] }];
  for await (const { SecretList = [] } of paginateListSecrets({ client: secrets }, { Filters }))
    names.push(...SecretList.flatMap(({ Name = '' }) => (/^bulkhead\/[^/]+\/tenant\//.test(Name) ? [Name] : [])));
  return names;
}

/**
 * A cell or stack as a target: what its policies say, what A of the same cell can do to its neighbours, and what the
 * whole role of another cell's tenant can do here.
 */
export async function holdingsTarget(grounds: HoldingsGrounds, place: LivePlace): Promise<HoldingsTarget> {
  const { clients, probes, secretNames } = grounds;
  const names = secretNames.filter((name) => name.startsWith(`bulkhead/${place.secretsOf}/tenant/`));
  const inside = probes.find(({ cell }) => cell.cellId === place.id);
  const outside = probes.find(({ cell }) => cell.cellId !== place.id);
  const contextsJudged = (await inside?.library.contextsJudged()) ?? true;
  const policies = placePolicies(clients, place, names);
  const base = { kind: 'holdings', name: place.id, policies, contextsJudged } as const;
  const parts = [
    inside ? await fromInside(grounds, place, inside, { names, contextsJudged }) : undefined,
    outside ? await fromOutside(grounds, place, outside, names) : undefined,
  ].filter((part) => part !== undefined);
  const isCell = place.id.startsWith('cel_');
  return {
    ...base,
    a: inside ? await inside.library.holdings(inside.library.a) : {},
    b: inside ? await inside.library.holdings(inside.library.b) : {},
    parts,
    untried: [
      ...(isCell && !inside ? ['The cell has no two tenants of the proof that are served.'] : []),
      ...(!isCell && !outside ? ['No cell has tenants of the proof that could try to get in here.'] : []),
    ],
  };
}

/** With A's sessions as the library narrows them, at every other tenant of the cell. */
async function fromInside(
  { clients, secretNames }: HoldingsGrounds,
  place: LivePlace,
  { library }: Probes,
  { names, contextsJudged }: { names: readonly string[]; contextsJudged: boolean },
): Promise<DryPart> {
  const { id, keyArn, bindings } = place;
  const { layers, a } = library;
  const [storage, key, database] = await Promise.all([
    layers.find(a, 'storage'),
    layers.find(a, 'key'),
    layers.find(a, 'database'),
  ]);
  const { s3, kms, secrets } = await library.narrow();
  const { bucket, prefix } = storage.place;
  const known = await library.knownObject(a);
  const own = [
    ...dryObjects(s3, bucket, prefix ?? '', known),
    ...dryKey(kms, keyArn, key.bindingId),
    ...drySecretsUnder(secrets, database.place.secretPrefix),
  ];
  const mine: readonly string[] = [storage, key, database].map(({ bindingId }) => bindingId);
  const others = bindings.filter(({ bindingId }) => !mine.includes(bindingId));
  const foreign = others.map(async ({ bindingId, layer }): Promise<DryAttempt[]> => {
    const { prefix: theirs } = physicalNames(bindingId);
    if (layer === 'storage') return dryObjects(s3, bucket, theirs, await firstKey(clients, bucket, theirs));
    if (layer === 'key') return contextsJudged ? dryKey(kms, keyArn, bindingId) : [];
    return layer === 'database' ? drySecretsUnder(secrets, `bulkhead/${id}/tenant/${bindingId}/`) : [];
  });
  const hidden = [...logins(place), ...names, ...secretNames.filter((name) => !names.includes(name))];
  return {
    own,
    foreign: [
      ...(await Promise.all(foreign)).flat(),
      ...hidden
        .filter((name) => !name.startsWith(database.place.secretPrefix))
        .flatMap((name) => drySecret(secrets, name)),
    ],
  };
}

/** With all that the role of another cell can do: wider than any tenant there ever gets. */
async function fromOutside(
  { clients, places }: HoldingsGrounds,
  place: LivePlace,
  { cell, library }: Probes,
  names: readonly string[],
): Promise<DryPart> {
  const home = places.find(({ id }) => id === cell.cellId);
  // Something must be there that the role may read.
  await library.knownObject(library.a);
  return {
    own: home ? await attemptsAt(clients, home, await library.whole(home.region), []) : [],
    foreign: await attemptsAt(clients, place, await library.whole(place.region), names),
  };
}

async function attemptsAt(
  clients: PolicyClients,
  place: LivePlace,
  { s3, kms, sqs, secrets }: SessionClients,
  names: readonly string[],
): Promise<DryAttempt[]> {
  const { bindings, secretsOf } = place;
  const { storage, queue, key } = place.resources;
  const keyed = bindings.find(({ layer }) => layer === 'key')?.bindingId ?? '';
  return [
    ...(storage ? dryObjects(s3, storage.bucket, '', await firstKey(clients, storage.bucket, '')) : []),
    ...(key ? dryKey(kms, key.keyArn, keyed) : []),
    ...(queue ? [queue.queueUrl, queue.deadLetterQueueUrl].flatMap((url) => dryQueue(sqs, url)) : []),
    ...(secretsOf === null ? [] : drySecretsUnder(secrets, `bulkhead/${secretsOf}/tenant/`)),
    ...[...logins(place), ...names].flatMap((name) => drySecret(secrets, name)),
  ];
}

/** A key that is there, as the worker may list it. It is used for one request and told to nobody. */
async function firstKey({ s3 }: PolicyClients, Bucket: string, Prefix: string): Promise<string | undefined> {
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }));
  return Contents?.[0]?.Key;
}
