import { BulkheadError } from '@bulkhead/kernel';
import type { Layer } from './layers.js';

/** What the cloud account limits of the things that dedicated layers are made of. Queues have no limit. */
export const CLOUD_QUOTAS = ['rds-instances', 's3-buckets', 'kms-keys', 'iam-roles'] as const;
export type CloudQuota = (typeof CLOUD_QUOTAS)[number];

const IN_WORDS: Readonly<Record<CloudQuota, string>> = {
  'rds-instances': 'RDS instances',
  's3-buckets': 'S3 buckets',
  'kms-keys': 'KMS keys',
  'iam-roles': 'IAM roles',
};

/** What one dedicated layer takes one of; besides, each stack of dedicated layers takes a role. */
export const QUOTA_OF_LAYER: Readonly<Record<Layer, CloudQuota | null>> = {
  database: 'rds-instances',
  storage: 's3-buckets',
  key: 'kms-keys',
  queue: null,
};

/** How much of a quota is left, as far as anybody knows. */
export interface QuotaStanding {
  readonly quota: CloudQuota;
  readonly limit: number;
  /** In the account when somebody last looked, whoever made them. */
  readonly used: number;
  /** Given to somebody since or not made yet: approved changes, reservations, cells that are being stood up. */
  readonly promised: number;
  readonly observedAt: string;
}

/** How many of each quota a customer with these dedicated layers of its own takes. */
export function quotasFor(gained: readonly Layer[]): ReadonlyMap<CloudQuota, number> {
  const needed = new Map<CloudQuota, number>(gained.length > 0 ? [['iam-roles', 1]] : []);
  for (const layer of gained) {
    const quota = QUOTA_OF_LAYER[layer];
    if (quota !== null) needed.set(quota, (needed.get(quota) ?? 0) + 1);
  }
  return needed;
}

/** What is neither used nor promised; never less than none. */
export function quotaLeft({ limit, used, promised }: QuotaStanding): number {
  return Math.max(0, limit - used - promised);
}

/** `12 of 40 RDS instances left; 2 promised` */
export function quotaInWords(standing: QuotaStanding): string {
  const { quota, limit, promised } = standing;
  return `${quotaLeft(standing)} of ${limit} ${IN_WORDS[quota]} left; ${promised} promised`;
}

/** One line of a quote: a quota that the change needs. */
export interface QuotedQuota extends QuotaStanding {
  readonly needed: number;
  readonly left: number;
  readonly enough: boolean;
  readonly says: string;
}

/** What these layers would take of what is left. A quota that nobody has looked at yet says nothing. */
export function quotedQuotas(gained: readonly Layer[], standings: readonly QuotaStanding[]): readonly QuotedQuota[] {
  const needed = quotasFor(gained);
  return standings
    .filter(({ quota }) => needed.has(quota))
    .map((standing) => {
      const count = needed.get(standing.quota) ?? 0;
      const left = quotaLeft(standing);
      return { ...standing, needed: count, left, enough: left >= count, says: quotaInWords(standing) };
    });
}

/** @throws BulkheadError `cloud_quota_exhausted` (409) naming each quota of which too little is left. */
export function requireQuotas(quoted: readonly QuotedQuota[], region: string): void {
  const short = quoted.filter(({ enough }) => !enough);
  if (short.length === 0) return;
  throw new BulkheadError({
    code: 'cloud_quota_exhausted',
    status: 409,
    publicMessage: `The cloud account has no room for this in ${region}: ${short.map(({ says }) => says).join('. ')}.`,
    remediation:
      'Have the quota raised in AWS Service Quotas, or cancel what is promised and not needed; it is looked at again every hour.',
    errors: short.map(({ quota, says }) => ({ pointer: `/cloudQuotas/${quota}`, message: says })),
  });
}
