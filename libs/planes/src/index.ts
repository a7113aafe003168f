export { readLogin, type Login, type PlaneClients } from './clients.js';
export * from './context-keys.js';
export * from './inventory/index.js';
export * from './plane.js';
export * from './planes.js';
export * from './quotas/index.js';
