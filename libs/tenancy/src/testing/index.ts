export * from './tenant-plane.js';
