import type { HoldingsTarget, LateTarget, ProofTarget } from '@bulkhead/isolation';
import { BulkheadError } from '@bulkhead/kernel';
import type { Dependencies } from '../dependencies.js';
import { holdingsTarget, tenantSecretNames, type HoldingsGrounds, type Probes } from './holdings-targets.js';
import { ProbeLibrary } from './probe-library.js';
import { Prover } from './prover.js';
import { controlRoutes, serviceRoutes } from './routes-targets.js';

/** Targets outside of databases, and what ends the sessions that they hold. */
export interface OutsideTargets {
  readonly targets: readonly (ProofTarget | LateTarget)[];
  close(): Promise<void>;
}

const NO_PROVER = 'Buckets, keys, queues, secrets and routes were not tried: BULKHEAD_PROVER_CLIENT_ID is not set.';

/** Everything of the planes that is no database, and every route. What cannot be made ready is a target that says why. */
export async function outsideTargets(dependencies: Dependencies): Promise<OutsideTargets> {
  const { prover: options, isolation, planes } = dependencies;
  if (!options) return { targets: [untried('planes', NO_PROVER)], close: async () => undefined };
  const prover = new Prover(options);
  const [cells, places] = await Promise.all([isolation.probedCells(), isolation.livePlaces()]);
  const probes: Probes[] = [];
  const failed: HoldingsTarget[] = [];
  for (const cell of cells.filter((one) => one.probes.length === 2)) {
    const opened = ProbeLibrary.open(prover, planes, cell);
    await opened.then(
      (library) => probes.push({ cell, library }),
      (error: unknown) => failed.push(untried(`${cell.cellId}, its tenants of the proof`, reasonOf(error))),
    );
  }
  const clients = { ...planes, iam: options.iam };
  const pair = probes[0]?.cell.probes ?? [];
  const holdings = async (): Promise<ProofTarget[]> => {
    const secretNames = await tenantSecretNames(clients).catch((error: unknown) => {
      failed.push(untried('secrets of tenants', reasonOf(error)));
      return [];
    });
    const grounds: HoldingsGrounds = { clients, places, probes, secretNames };
    return Promise.all(places.map((place) => ready(place.id, () => holdingsTarget(grounds, place))));
  };
  const routes: LateTarget[] = [
    lateRoutes('control plane', () => controlRoutes(prover, pair)),
    ...options.services.map((service) => lateRoutes(service.name, () => serviceRoutes(prover, service, pair))),
  ];
  const none = options.services.length > 0 ? [] : [untried('services', 'No service of the workload plane is named.')];
  return {
    targets: [...(await holdings()), ...routes, ...failed, ...none],
    close: async () => {
      for (const { library } of probes) await library.close();
    },
  };
}

function lateRoutes(name: string, make: () => Promise<ProofTarget>): LateTarget {
  return { kind: 'routes', name, ready: () => ready(name, make) };
}

async function ready(name: string, make: () => Promise<ProofTarget>): Promise<ProofTarget> {
  try {
    return await make();
  } catch (error) {
    return untried(name, reasonOf(error));
  }
}

function untried(name: string, reason: string): HoldingsTarget {
  return { kind: 'holdings', name, a: {}, b: {}, policies: [], untried: [reason] };
}

/** Only our own errors are quoted: their messages hold no secret. */
function reasonOf(error: unknown): string {
  const what = error instanceof BulkheadError ? error.publicMessage : error instanceof Error ? error.name : 'unknown';
  return `It could not be tried: ${what}`;
}
