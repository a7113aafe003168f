import type { AwsClients } from '../aws/clients.js';
import type { MasterSessions } from './master-sessions.js';

/** What the `bulkhead` resource types work with. */
export interface Plane {
  readonly clients: AwsClients;
  readonly sessions: MasterSessions;
}
