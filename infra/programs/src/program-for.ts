import type { ProgramRequest } from '@bulkhead/domain';
import type { automation } from '@pulumi/pulumi';
import { cell } from './cell.js';
import { dedicatedTenant, refuseInvalidTenant } from './dedicated-tenant.js';
import { landingZone } from './landing-zone.js';
import { refuseInvalidRoster, roster } from './roster.js';

/**
 * The Pulumi program of a request. Its outputs are named as the fields of the program's `…Outputs` interface.
 * @throws BulkheadError `roster_invalid` or `dedicated_tenant_invalid` (422), before anything runs.
 */
export function programFor(request: ProgramRequest): automation.PulumiFn {
  if (request.program === 'roster') refuseInvalidRoster(request.spec);
  if (request.program === 'dedicated-tenant') refuseInvalidTenant(request.spec);
  return async () => {
    switch (request.program) {
      case 'landing-zone':
        return landingZone(request.spec);
      case 'cell':
        return cell(request.spec);
      case 'roster':
        return roster(request.spec);
      case 'dedicated-tenant':
        return dedicatedTenant(request.spec);
    }
  };
}
