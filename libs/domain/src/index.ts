export * from './placement/layers.js';
export * from './placement/physical-names.js';
export * from './provisioning/specs.js';
