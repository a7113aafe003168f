import { isText, TYPES, type CheckedResource, type ResourceRule } from './rule.js';

const ENCRYPTION = ['164.312(a)(2)(iv)', '164.312(e)(2)(ii)'];

export const bucketEncrypted: ResourceRule = {
  id: 'bucket-encrypted-with-customer-key',
  description: 'Buckets encrypt with a customer key of KMS by default.',
  hipaa: ENCRYPTION,
  check({ type, props }) {
    if (type !== TYPES.bucketEncryption) return undefined;
    const rules = (props['rules'] ?? []) as { applyServerSideEncryptionByDefault?: Record<string, unknown> }[];
    const encrypted = (rule: (typeof rules)[number]): boolean => {
      const byDefault = rule.applyServerSideEncryptionByDefault;
      return byDefault?.['sseAlgorithm'] === 'aws:kms' && isText(byDefault['kmsMasterKeyId']);
    };
    return rules.length > 0 && rules.every(encrypted) ? undefined : 'Objects are not encrypted with a customer key.';
  },
};

export const databaseEncrypted: ResourceRule = {
  id: 'database-encrypted-with-customer-key',
  description: 'Database storage and the master secret are encrypted with a customer key of KMS.',
  hipaa: ENCRYPTION,
  check({ type, props }) {
    if (type !== TYPES.database) return undefined;
    if (props['storageEncrypted'] !== true || !isText(props['kmsKeyId'])) {
      return 'The storage is not encrypted with a customer key.';
    }
    return isText(props['masterUserSecretKmsKeyId'])
      ? undefined
      : 'The master secret is not encrypted with a customer key.';
  },
};

/** A queue or secret names its key in one property. */
function keyed(resource: CheckedResource, type: string, property: string, problem: string): string | undefined {
  return resource.type !== type || isText(resource.props[property]) ? undefined : problem;
}

export const queueEncrypted: ResourceRule = {
  id: 'queue-encrypted-with-customer-key',
  description: 'Queues, dead-letter queues included, are encrypted with a customer key of KMS.',
  hipaa: ENCRYPTION,
  check: (resource) =>
    keyed(resource, TYPES.queue, 'kmsMasterKeyId', 'Messages are not encrypted with a customer key.'),
};

export const secretEncrypted: ResourceRule = {
  id: 'secret-encrypted-with-customer-key',
  description: 'Secrets are encrypted with a customer key of KMS.',
  hipaa: ENCRYPTION,
  check: (resource) => keyed(resource, TYPES.secret, 'kmsKeyId', 'The secret is not encrypted with a customer key.'),
};

export const keyRotates: ResourceRule = {
  id: 'key-rotates',
  description: 'Customer keys rotate by themselves.',
  hipaa: ['164.312(a)(2)(iv)'],
  check({ type, props }) {
    return type !== TYPES.key || props['enableKeyRotation'] === true ? undefined : 'Rotation is off.';
  },
};
