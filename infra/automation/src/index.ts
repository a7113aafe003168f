export { createAutomation, type Automation } from './automation.js';
export type { AutomationConfig } from './config.js';
export { openPreviews, type PreviewConfig, type Previews, type StackPlan } from './fleet/previews.js';
export { programCode } from './fleet/program-code.js';
export { recordedState, SECRET_PLACEHOLDER } from './fleet/recorded-state.js';
export { RunError, type PolicyViolation, type ResourceFailure } from './errors.js';
export type { RunAction, RunRequest, RunResult } from './run.js';
export type { PlannedStep, ProgramEvent, PropertyDifference, ResourceChanges } from './session/messages.js';
export type { StackResource } from './state/stack-state.js';
