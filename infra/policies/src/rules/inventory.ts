import { isText, TYPES, type CheckedResource, type ResourceRule, type StackRule } from './rule.js';

const TAGGABLE: ReadonlySet<string> = new Set([
  TYPES.alarm,
  TYPES.bucket,
  TYPES.database,
  TYPES.iamPolicy,
  TYPES.key,
  TYPES.logGroup,
  TYPES.parameterGroup,
  TYPES.queue,
  TYPES.role,
  TYPES.secret,
]);
const REQUIRED_TAGS = ['bulkhead:id', 'bulkhead:stack', 'bulkhead:managed-by', 'bulkhead:data-class'];

export const ownershipTagged: ResourceRule = {
  id: 'ownership-tagged',
  description: 'Every taggable resource says whose it is, which stack manages it and what data it holds.',
  hipaa: ['164.310(d)(1)', '164.308(a)(1)(ii)(A)'],
  check({ type, props }) {
    if (!TAGGABLE.has(type)) return undefined;
    const tags = (props['tags'] ?? {}) as Record<string, unknown>;
    const missing = REQUIRED_TAGS.filter((tag) => !isText(tags[tag]));
    return missing.length === 0 ? undefined : `Tags are missing: ${missing.join(', ')}.`;
  },
};

const REVIEWED: ReadonlySet<string> = new Set(Object.values(TYPES));

export const typeReviewed: ResourceRule = {
  id: 'type-reviewed',
  description: 'Only types that these rules were written for are used: another one would pass all of them unseen.',
  hipaa: ['164.308(a)(1)(ii)(B)'],
  check({ type }) {
    const custom = type.startsWith('pulumi:') || type.startsWith('bulkhead:components:');
    return custom || REVIEWED.has(type) ? undefined : `No rule was written for ${type}.`;
  },
};

/** Settings that a bucket is not fit for data without. */
const SETTINGS = {
  [TYPES.publicAccessBlock]: 'public access block',
  [TYPES.bucketEncryption]: 'encryption',
  [TYPES.bucketVersioning]: 'versioning',
  [TYPES.bucketPolicy]: 'policy',
} as const;

export const bucketGuarded: StackRule = {
  id: 'bucket-guarded',
  description: 'Every bucket has a public access block, encryption, versioning and a policy in the same stack.',
  hipaa: ['164.312(a)(1)', '164.312(a)(2)(iv)', '164.312(c)(1)'],
  check(resources) {
    return of(resources, TYPES.bucket).flatMap(({ urn, props }) => {
      const missing = Object.entries(SETTINGS)
        .filter(([type]) => !of(resources, type).some((setting) => setting.props['bucket'] === props['bucket']))
        .map(([, what]) => what);
      return missing.length === 0 ? [] : [{ urn, problem: `The bucket lacks: ${missing.join(', ')}.` }];
    });
  },
};

export const queueGuarded: StackRule = {
  id: 'queue-guarded',
  description: 'Every queue has a policy in the same stack.',
  hipaa: ['164.312(e)(1)'],
  check(resources) {
    const guarded = new Set(of(resources, TYPES.queuePolicy).map(({ props }) => props['queueUrl']));
    return of(resources, TYPES.queue)
      .filter(({ props }) => !guarded.has(props['url']))
      .map(({ urn }) => ({ urn, problem: 'The queue has no policy.' }));
  },
};

function of(resources: readonly CheckedResource[], type: string): readonly CheckedResource[] {
  return resources.filter((resource) => resource.type === type);
}
