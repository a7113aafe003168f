export { readApprovals, type Approval } from './approvals.js';
export { openBundle, type Bundle } from './bundle.js';
export { previewFleet, type PreviewOptions } from './preview-fleet.js';
export type { FleetReport, JudgedStep, StackReport } from './report.js';
