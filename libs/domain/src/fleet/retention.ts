import type { PlannedStep, PropertyDifference } from './planned-step.js';

/** Properties that say for how long backups, object versions, objects and logs are kept, and the rules that hold them. */
const KEEPS = /retention|expiration|noncurrent|lifecycle|recoveryWindow|^rules\b/i;

/**
 * Whether a change keeps data for less long than before, or cannot be shown not to. Only a longer time is sure: 0 is for
 * ever in one service and nothing in another.
 */
export function forgets({ operation, properties }: PlannedStep): boolean {
  if (operation !== 'update' && operation !== 'replace') return false;
  return properties.some((property) => KEEPS.test(property.path) && !isLonger(property));
}

function isLonger({ before, after }: PropertyDifference): boolean {
  const [from, to] = [Number(before), Number(after)];
  return before !== undefined && after !== undefined && from > 0 && to >= from;
}
