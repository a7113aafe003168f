export * from './placement/layers.js';
export * from './placement/physical-names.js';
export * from './provisioning/specs.js';
export * from './templates/template-types.js';
export * from './templates/template-schemas.js';
export * from './templates/template-digest.js';
export * from './templates/parse-template.js';
export * from './commercial/currency.js';
