import { OBJECT_AND_GRANT_LEAKS } from './object-and-grant-leaks.js';
import type { PlantedLeak } from './planted-leak.js';
import { POLICY_AND_ROLE_LEAKS } from './policy-and-role-leaks.js';

/** Every leak that the proof of a database must name. */
export const DATABASE_LEAKS: readonly PlantedLeak[] = [...POLICY_AND_ROLE_LEAKS, ...OBJECT_AND_GRANT_LEAKS];
