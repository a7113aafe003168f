export { createAutomation, type Automation } from './automation.js';
export type { AutomationConfig } from './config.js';
export { RunError, type PolicyViolation, type ResourceFailure } from './errors.js';
export type { RunAction, RunRequest, RunResult } from './run.js';
export type { ProgramEvent, ResourceChanges } from './session/messages.js';
export type { StackResource } from './state/stack-state.js';
