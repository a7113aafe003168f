import { Command } from '@nestjs/cqrs';
import type { AuditSubject } from '@bulkhead/domain';
import type { Role } from './principal.js';

export interface AuditDescription {
  readonly subject: AuditSubject | null;
  readonly tenantId?: string;
  readonly operationId?: string;
  /** Facts that may be kept for ever: picked by name, never a whole body. */
  readonly details?: Record<string, unknown>;
}

export interface CommandPolicy<C, R> {
  /** `noun.verb`, as the audit log and the metrics name it. */
  readonly name: string;
  /** Roles that may send it. Nobody else may. */
  readonly roles: readonly [Role, ...Role[]];
  /** What the audit leaf says. `result` is undefined when the command was refused. */
  readonly audit: (command: C, result: R | undefined) => AuditDescription;
}

const policies = new Map<object, CommandPolicy<never, never>>();

/** Every command class of this process that has a policy. */
export function gatedCommands(): (new (...args: never[]) => object)[] {
  return [...policies.keys()] as (new (...args: never[]) => object)[];
}

/**
 * Declares who may send a command and what its audit leaf says. The worker and the API refuse to start with a command
 * that lacks it.
 */
export function Gated<C extends Command<R>, R>(policy: CommandPolicy<C, R>) {
  return (target: new (...args: never[]) => C): void => {
    policies.set(target, policy);
  };
}

export function policyOf<R>(command: Command<R>): CommandPolicy<Command<R>, R> | undefined {
  return policyOfClass(command.constructor) as CommandPolicy<Command<R>, R> | undefined;
}

export function policyOfClass(commandClass: object): CommandPolicy<never, never> | undefined {
  return policies.get(commandClass);
}
