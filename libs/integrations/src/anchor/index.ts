export * from './s3-anchor.js';
