export { openBundle, type Bundle } from './bundle.js';
export { previewFleet, type PreviewOptions } from './preview-fleet.js';
export type { FleetReport, StackReport } from './report.js';
