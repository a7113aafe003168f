export * from './cloud-listing.js';
export * from './delete-resource.js';
