/** One thing that can be shared or dedicated. `network`, `application` and `account` come with the single-tenant tier. */
export const LAYERS = ['database', 'storage', 'key', 'queue'] as const;
export type Layer = (typeof LAYERS)[number];

export const ISOLATIONS = ['shared', 'dedicated'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

export const SERVICE_CLASSES = ['standard', 'premium'] as const;
export type ServiceClass = (typeof SERVICE_CLASSES)[number];

export const REGIONS = ['us-east-1', 'us-west-2', 'eu-central-1'] as const;
export type Region = (typeof REGIONS)[number];
