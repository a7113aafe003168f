import { CURRENCIES } from '../commercial/currency.js';
import { ISOLATIONS, LAYERS, REGIONS, SERVICE_CLASSES } from '../placement/layers.js';
import {
  BILLING_INTERVALS,
  MILESTONE_OWNERS,
  PLAN_KINDS,
  PRICE_MODELS,
  RELEASE_COHORTS,
  type TemplateKind,
} from './template-types.js';

const NAME = { type: 'string', pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 60 };
const REFERENCE = { type: 'string', pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*@[1-9][0-9]{0,5}$' };

function integer(minimum: number, maximum: number, description?: string) {
  return { type: 'integer', minimum, maximum, ...(description === undefined ? {} : { description }) };
}

function oneOf(values: readonly string[], description?: string) {
  return { type: 'string', enum: [...values], ...(description === undefined ? {} : { description }) };
}

/** An object that refuses properties it does not know: a misspelt setting must never be silently ignored. */
function closed(properties: Record<string, object>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', additionalProperties: false, required, properties };
}

function document(
  kind: TemplateKind,
  title: string,
  properties: Record<string, object>,
  optional: readonly string[] = [],
) {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:bulkhead:schema:${kind}`,
    title,
    ...closed(
      {
        name: NAME,
        version: integer(1, 999_999, 'A published version never changes: publish the next one instead.'),
        title: { type: 'string', minLength: 1, maxLength: 120 },
        description: { type: 'string', minLength: 1, maxLength: 2000 },
        ...properties,
      },
      optional,
    ),
  };
}

const MINOR = integer(0, 100_000_000_000, 'Minor units of the currency (cents for USD).');

const DATE = { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' };

function each(names: readonly string[], schema: object): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, schema]));
}

const REGION_PRICES = closed({
  shared: closed(each(LAYERS, MINOR)),
  dedicated: closed({
    ...each(
      LAYERS.filter((layer) => layer !== 'database'),
      MINOR,
    ),
    instances: {
      type: 'object',
      propertyNames: { pattern: '^db\\.[a-z0-9]+\\.[a-z0-9]+$' },
      additionalProperties: MINOR,
      minProperties: 1,
    },
    databaseGb: { ...MINOR, description: 'One GB of a database, each month; minor units.' },
  }),
  singleTenant: { ...MINOR, description: 'Account, network and application of its own, each month; minor units.' },
});

/**
 * JSON Schema (draft 2020-12) of each template kind. tenant-templates/schema holds the same documents as files, for
 * editors; `node tenant-templates/write-schemas.mjs` writes them and a test keeps both equal.
 */
export const TEMPLATE_SCHEMAS: Readonly<Record<TemplateKind, object>> = {
  tier: document(
    'tier',
    'Tier: the operational promise',
    {
      layers: closed(Object.fromEntries(LAYERS.map((layer) => [layer, oneOf(ISOLATIONS)]))),
      serviceClass: oneOf(SERVICE_CLASSES),
      releaseCohort: oneOf(RELEASE_COHORTS, 'Canary gets a release first, late gets it last.'),
      retention: closed({
        backupDays: integer(1, 35, 'Automated database backups, days (RDS allows 1 to 35).'),
        objectVersionDays: integer(1, 3650, 'Noncurrent object versions, days.'),
        logDays: integer(1, 3650, 'Logs, days.'),
      }),
      database: closed({
        instanceClass: { type: 'string', pattern: '^db\\.[a-z0-9]+\\.[a-z0-9]+$' },
        storageGb: integer(20, 65_536, 'RDS allows 20 to 65536 GiB.'),
      }),
      requires: closed({
        planKinds: { type: 'array', items: oneOf(PLAN_KINDS), minItems: 1, uniqueItems: true },
      }),
      policyPack: REFERENCE,
      onboarding: REFERENCE,
    },
    ['database'],
  ),
  plan: document('plan', 'Plan: the commercial offer', {
    kind: oneOf(PLAN_KINDS),
    currency: oneOf(CURRENCIES, 'ISO 4217 code.'),
    interval: oneOf(BILLING_INTERVALS),
    price: closed(
      {
        model: oneOf(PRICE_MODELS),
        unitAmountMinor: MINOR,
        platformFeeMinor: { ...MINOR, description: 'Recurs each interval, whatever the quantity; minor units.' },
      },
      ['platformFeeMinor'],
    ),
    paymentTermDays: integer(0, 120, 'Days from the start of a period to the due date of its invoice.'),
    modules: { type: 'array', items: NAME, minItems: 1, uniqueItems: true },
    quotas: {
      type: 'object',
      propertyNames: { pattern: '^[a-z][A-Za-z0-9]{0,59}$' },
      additionalProperties: integer(0, 1_000_000_000_000),
    },
    tiers: { type: 'array', items: NAME, minItems: 1, uniqueItems: true },
  }),
  'policy-pack': document('policy-pack', 'Policy pack: retention, access and security defaults', {
    retention: closed({
      minimumBackupDays: integer(1, 35),
      minimumObjectVersionDays: integer(1, 3650),
      minimumLogDays: integer(1, 3650),
    }),
    access: closed({
      multiFactorRequired: { type: 'boolean' },
      sessionMinutes: integer(5, 1440),
      supportGrantMinutes: integer(5, 1440),
      breakGlassApprovals: integer(1, 5),
    }),
    security: closed({
      minimumTls: oneOf(['1.2', '1.3']),
      keyRotationDays: integer(90, 2560, 'AWS KMS allows 90 to 2560 days.'),
      servingTokenMinutes: integer(1, 60),
    }),
  }),
  onboarding: document('onboarding', 'Onboarding checklist: milestones from contract to go-live', {
    milestones: {
      type: 'array',
      minItems: 1,
      items: closed({
        code: NAME,
        title: { type: 'string', minLength: 1, maxLength: 120 },
        owner: oneOf(MILESTONE_OWNERS),
        completedBy: oneOf(['workflow', 'person']),
        dueDays: integer(0, 730, 'Days after contract activation.'),
        after: { type: 'array', items: NAME, uniqueItems: true },
      }),
    },
  }),
  eligibility: document('eligibility', 'Eligibility: who may have layers of its own', {
    policy: { type: 'string', minLength: 1, maxLength: 50_000, description: 'Rules as Cedar policies.' },
  }),
  'price-table': document('price-table', 'Price table: what layers cost, as an estimate of a day', {
    currency: oneOf(CURRENCIES, 'ISO 4217 code.'),
    asOf: { ...DATE, description: 'Day on which the prices were looked up.' },
    source: { type: 'string', minLength: 1, maxLength: 500 },
    approvals: closed({
      marginFloorBasisPoints: integer(-10_000, 10_000, 'Hundredths of a percent; below it two people approve.'),
      twoPeopleFromYearlyMinor: { ...MINOR, description: 'Change of a year’s price from which two people approve.' },
    }),
    regions: { ...closed(each(REGIONS, REGION_PRICES), REGIONS), minProperties: 1 },
  }),
};
