export * from './absent.js';
export * from './access.js';
export * from './caller.js';
export * from './etag.js';
export * from './no-body.js';
export * from './not-found.js';
export * from './page.js';
export * from './problem.js';
