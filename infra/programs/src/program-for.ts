import type { ProgramRequest } from '@bulkhead/domain';
import type { automation } from '@pulumi/pulumi';
import { cell } from './cell.js';
import { dedicatedTenant } from './dedicated-tenant.js';
import { landingZone } from './landing-zone.js';
import { roster } from './roster.js';

/** The Pulumi program of a request. Its outputs are named as the fields of the program's `…Outputs` interface. */
export function programFor(request: ProgramRequest): automation.PulumiFn {
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
