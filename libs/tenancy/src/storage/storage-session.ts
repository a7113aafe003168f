import type { TenantLayer } from '../layers/tenant-layers.js';
import { regionOf, type SessionStatement } from '../layers/tenant-sessions.js';

/**
 * The session policy of a tenant's storage: its objects and nothing else of the bucket, listing only below its prefix,
 * and the key only by way of S3.
 */
export function storageStatements({ place }: TenantLayer<'storage'>): SessionStatement[] {
  const { bucket, prefix, keyArn } = place;
  const arn = `arn:aws:s3:::${bucket}`;
  return [
    {
      Action: ['s3:ListBucket'],
      Resource: [arn],
      ...(prefix !== null && { Condition: { StringLike: { 's3:prefix': `${prefix}*` } } }),
    },
    { Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], Resource: [`${arn}/${prefix ?? ''}*`] },
    {
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: [keyArn],
      Condition: { StringEquals: { 'kms:ViaService': `s3.${regionOf(keyArn)}.amazonaws.com` } },
    },
  ];
}
