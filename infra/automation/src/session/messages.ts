import type { ProgramRequest } from '@bulkhead/domain';
import type { PlannedStep, PropertyDifference } from '@bulkhead/domain/fleet';
import type { BulkheadError } from '@bulkhead/kernel';
import type { PolicyViolation, ResourceFailure } from '../errors.js';
import type { DeclaredResource } from '../state/stack-state.js';

// The protocol between the worker and the child process that runs Pulumi: one command at a time, each answered once.

export interface OpenCommand {
  readonly kind: 'open';
  readonly request: ProgramRequest;
  readonly stack: string;
  /** False makes the stack. */
  readonly exists: boolean;
  /** Throwaway folder of this run: work folder and Pulumi home. */
  readonly folder: string;
  readonly pulumiRoot: string;
  readonly pulumiVersion: string;
  /** Environment of the CLI; holds the state login, so it is not in the child's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Executable policy pack, and its configuration as JSON. */
  readonly policyPack: string;
  readonly policyConfig: string;
}

export type RunCommand =
  /** With targets: nothing but these resources. */
  | { readonly kind: 'up'; readonly targets?: readonly string[] }
  /** Brings just these resources to the specification: lifts their protection without making what is not there. */
  | { readonly kind: 'unprotect'; readonly urns: readonly string[] }
  /** Adopts what a cut-off run began, next to what the state knows. */
  | {
      readonly kind: 'settle';
      readonly known: readonly DeclaredResource[];
      readonly pending: readonly DeclaredResource[];
    }
  /** Lifts what keeps these resources from being deleted, here and in the cloud. */
  | { readonly kind: 'release'; readonly known: readonly DeclaredResource[]; readonly urns: readonly string[] }
  /** Takes a release back, for what is still there. */
  | { readonly kind: 'restore'; readonly known: readonly DeclaredResource[]; readonly urns: readonly string[] }
  /** Deletes these resources, and whatever depends on them. */
  | { readonly kind: 'lose'; readonly urns: readonly string[] }
  | { readonly kind: 'clear-pending' }
  | { readonly kind: 'refresh'; readonly targets?: readonly string[] }
  /** A preview that answers with every change and how it comes about. */
  | { readonly kind: 'plan' }
  /** Compares the state with the cloud and changes neither; answers with what differs. */
  | { readonly kind: 'drift' }
  | { readonly kind: 'destroy' };
export type Command = OpenCommand | RunCommand;

/** Progress of one resource. */
export interface ProgramEvent {
  readonly operation: string;
  readonly state: 'started' | 'done' | 'failed';
  readonly urn: string;
  readonly type: string;
  readonly name: string;
}

/** How many resources were (or would be) created, updated, deleted, left the same, … */
export type ResourceChanges = Readonly<Record<string, number>>;

export interface Failure {
  readonly reason: 'cancelled' | 'protected' | 'failed';
  readonly violations: readonly PolicyViolation[];
  readonly failures: readonly ResourceFailure[];
  /** Redacted. */
  readonly message: string;
  /** The specification was refused before Pulumi ran. */
  readonly refusal?: Pick<BulkheadError, 'code' | 'status' | 'publicMessage' | 'remediation'>;
}

export type { PlannedStep, PropertyDifference };

export type Answer =
  /** Pulumi is at its first resource. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'event'; readonly event: ProgramEvent }
  | { readonly kind: 'done'; readonly changes: ResourceChanges; readonly plan?: readonly PlannedStep[] }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly plan?: readonly PlannedStep[] };
