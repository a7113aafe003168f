import type { ModulesContainer } from '@nestjs/core';
import { gatedCommands, policyOfClass } from './command.js';

/** Key under which @nestjs/cqrs notes a handler's command (`decorators/constants`, which it does not export). */
const COMMAND_OF_HANDLER = '__commandHandler__';

type CommandClass = new (...args: never[]) => object;

/**
 * Refuses to start with a command that nobody may send, that leaves no trace, or that nobody handles.
 * @param expected commands that need a handler; every gated command of the process by default.
 * @throws Error that names every fault.
 */
export function assertCommandsComplete(
  modules: ModulesContainer,
  expected: Iterable<CommandClass> = gatedCommands(),
): void {
  const handlers = handlersByCommand(modules);
  const faults = [...handlers].flatMap(([command, names]) => {
    const policy = policyOfClass(command);
    return [
      !policy && `${command.name} is handled but not gated: add @Gated`,
      policy && policy.roles.length === 0 && `${command.name} may be sent by nobody: name a role`,
      policy && typeof policy.audit !== 'function' && `${command.name} has no audit description`,
      names.size > 1 && `${command.name} has several handlers: ${[...names].join(', ')}`,
    ].filter((fault) => typeof fault === 'string');
  });
  for (const command of expected) {
    if (!handlers.has(command)) faults.push(`${command.name} has no handler in the modules that were loaded`);
  }
  if (faults.length > 0) throw new Error(`Commands are incomplete: ${faults.join('; ')}`);
}

function handlersByCommand(modules: ModulesContainer): Map<CommandClass, Set<string>> {
  const handlers = new Map<CommandClass, Set<string>>();
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      if (typeof metatype !== 'function') continue;
      const command = Reflect.getMetadata(COMMAND_OF_HANDLER, metatype) as CommandClass | undefined;
      if (!command) continue;
      handlers.set(command, (handlers.get(command) ?? new Set()).add(metatype.name));
    }
  }
  return handlers;
}
