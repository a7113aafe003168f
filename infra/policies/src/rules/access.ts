import { isText, TYPES, type ResourceRule } from './rule.js';

const BLOCKS = ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'];

export const publicAccessBlocked: ResourceRule = {
  id: 'public-access-blocked',
  description: 'All four blocks of public access are on.',
  hipaa: ['164.312(a)(1)'],
  check({ type, props }) {
    if (type !== TYPES.publicAccessBlock) return undefined;
    const open = BLOCKS.filter((block) => props[block] !== true);
    return open.length === 0 ? undefined : `Not blocked: ${open.join(', ')}.`;
  },
};

export const databasePrivate: ResourceRule = {
  id: 'database-private',
  description: 'Databases have no public address.',
  hipaa: ['164.312(a)(1)', '164.312(e)(1)'],
  check({ type, props }) {
    if (type !== TYPES.database) return undefined;
    // RDS decides by the subnet when the program is silent: silence is not enough.
    return props['publiclyAccessible'] === false ? undefined : 'The database may get a public address.';
  },
};

export const masterPasswordManaged: ResourceRule = {
  id: 'master-password-managed',
  description: 'RDS makes and rotates the master password; no program and no state holds it.',
  hipaa: ['164.312(d)', '164.308(a)(5)(ii)(D)'],
  check({ type, props }) {
    if (type !== TYPES.database) return undefined;
    if (isText(props['password']) || isText(props['passwordWo'])) return 'The program sets the master password.';
    return props['manageMasterUserPassword'] === true ? undefined : 'RDS does not manage the master password.';
  },
};

interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Nothing reaches AWS from loopback, so leaving it out weakens nothing there; a local emulator is reached from it. */
const LOOPBACK = new Set(['127.0.0.0/8', '::1/128']);

/** Whether a denial holds for all plain HTTP: any further condition would narrow it. */
function meansAllPlainHttp(condition: NonNullable<Statement['Condition']>): boolean {
  return Object.entries(condition).every(([operator, keys]) => {
    const [[key, value] = ['', undefined], ...more] = Object.entries(keys);
    if (more.length > 0) return false;
    if (operator === 'Bool') return key === 'aws:SecureTransport' && [value].flat().join() === 'false';
    const addresses = [value].flat();
    return operator === 'NotIpAddress' && key === 'aws:SourceIp' && addresses.every((a) => LOOPBACK.has(String(a)));
  });
}

function deniesPlainHttp(policy: unknown, service: string): boolean {
  const { Statement: statements = [] } = JSON.parse(String(policy)) as { Statement?: Statement | Statement[] };
  return [statements].flat().some(({ Effect, Principal, Action, Condition = {} }) => {
    const everyone = Principal === '*' || (Principal as { AWS?: unknown })?.AWS === '*';
    const everything = [Action].flat().some((action) => action === `${service}:*` || action === '*');
    const plain = 'Bool' in Condition && meansAllPlainHttp(Condition);
    return Effect === 'Deny' && everyone && everything && plain;
  });
}

export const plainHttpDenied: ResourceRule = {
  id: 'plain-http-denied',
  description: 'Policies of buckets and queues refuse every request without TLS.',
  hipaa: ['164.312(e)(1)', '164.312(e)(2)(i)'],
  check({ type, props }) {
    const service = type === TYPES.bucketPolicy ? 's3' : type === TYPES.queuePolicy ? 'sqs' : undefined;
    if (service === undefined) return undefined;
    return deniesPlainHttp(props['policy'], service) ? undefined : 'Requests without TLS are not refused.';
  },
};

export const roleBounded: ResourceRule = {
  id: 'role-bounded',
  description: 'Every role carries the permission boundary of its region.',
  hipaa: ['164.308(a)(4)(ii)(B)', '164.312(a)(1)'],
  check({ type, props }) {
    if (type !== TYPES.role) return undefined;
    const boundary = props['permissionsBoundary'];
    if (isText(boundary) && /:policy\/bulkhead-tenant-boundary-/.test(boundary)) return undefined;
    return 'The role has no permission boundary of the landing zone.';
  },
};
