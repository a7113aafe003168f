export * from './shipped-catalog.js';
export * from './stored-rows.js';
