export * from './tenant-plane.js';
export * from './tenant-service.js';
