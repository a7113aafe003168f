export * from './channel.js';
export * from './email.js';
export * from './webhook.js';
export * from './webhook-signature.js';
