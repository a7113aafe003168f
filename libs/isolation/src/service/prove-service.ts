import { randomBytes } from 'node:crypto';
import { finding, type IsolationRule } from '@bulkhead/domain/isolation';
import type { Collected } from '../collected.js';
import type { Served, ServiceTarget } from './service-target.js';

/** Requests at the same time, and rounds: a context that is kept in the wrong place shows when requests interleave. */
const AT_ONCE = 20;
const ROUNDS = 5;

/** Drives a running service: contexts, entitlements, consumers and logs. */
export async function proveService(target: ServiceTarget, collected: Collected): Promise<void> {
  const found = (rule: IsolationRule, object: string, detail: string): void =>
    collected.found([finding(rule, { target: target.name, object, detail, shown: 'probe:service' })]);
  let driven = 0;
  if (target.whoAmI) {
    driven += 1;
    await contexts(target, target.whoAmI, 'context_cached', 'requests', found);
  }
  if (target.consume) {
    driven += 1;
    await contexts(target, target.consume, 'consumer_without_context', 'consumer', found);
  }
  if (target.allowed) {
    driven += 1;
    await entitlements(target.allowed, found, collected);
  }
  if (target.logOf) {
    driven += 1;
    const marker = `probe-${randomBytes(12).toString('hex')}`;
    const log = await target.logOf(marker);
    if (log.trim() === '') collected.void('Nothing was logged, so the log was not tried.');
    if (log.includes(marker)) found('phi_logged', 'log', 'A value that was only in a record stands in the log.');
  }
  collected.looked('parts of the service', driven);
  if (driven === 0) collected.void('No part of the service could be driven.');
}

type Report = (rule: IsolationRule, object: string, detail: string) => void;

/** Interleaves both tenants and requests of nobody: each must be served as itself, and nobody not at all. */
async function contexts(
  { tenants }: ServiceTarget,
  serve: (tenant: 'a' | 'b' | undefined) => Promise<Served>,
  rule: IsolationRule,
  object: string,
  found: Report,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const callers = Array.from({ length: AT_ONCE }, (_, n) => (['a', 'b', undefined] as const)[(n + round) % 3]);
    const served = await Promise.all(callers.map((caller) => serve(caller)));
    served.forEach(({ tenant }, n) => {
      const caller = callers[n];
      if (caller === undefined && tenant !== undefined)
        found(rule, object, 'Without a context it was served as somebody.');
      if (caller !== undefined && tenant !== tenants[caller])
        found(rule, object, 'It was not served as the tenant that asked.');
    });
  }
}

async function entitlements(
  allowed: (tenant: 'a' | 'b') => Promise<boolean>,
  found: Report,
  collected: Collected,
): Promise<void> {
  if (!(await allowed('a'))) {
    collected.void('The tenant that has the feature may not use it, so nothing was tried.');
    return;
  }
  if (await allowed('b')) found('entitlement_cached', 'entitlements', 'After one tenant was let in, so was another.');
  if (!(await allowed('a')))
    found('entitlement_cached', 'entitlements', 'After one tenant was refused, so was another.');
}
