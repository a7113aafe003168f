import type { ChangeView } from '@bulkhead/client';
import { time, type Shape } from '../output/print.js';

export const CHANGE_ROW: Shape<ChangeView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    TENANT: ({ tenantId }) => tenantId,
    KIND: ({ kind }) => kind,
    STATE: ({ state }) => state,
    EFFECTIVE: ({ effectiveOn }) => effectiveOn,
    APPROVALS: (change) => `${approvalsOf(change)} of ${change.approvalsNeeded}`,
    'REQUESTED BY': ({ requestedBy }) => requestedBy,
  },
};

export const CHANGE: Shape<ChangeView> = {
  name: ({ id }) => id,
  columns: {
    ...CHANGE_ROW.columns,
    REASON: ({ reason }) => reason,
    QUOTE: ({ quote }) => quote?.id,
    STACK: ({ loss }) => loss?.stack,
    'WOULD LOSE': ({ loss }) => loss?.losses.map(({ urn, operation }) => `${operation} ${urn}`).join('; '),
    WOULD: ({ remedy }) => remedy && `${remedy.action} ${remedy.name} of ${remedy.stack || 'no stack'}`,
    FINDING: ({ remedy }) => remedy?.findingId,
    PLAN: ({ loss }) => loss?.planHash,
    HASH: ({ hash }) => hash,
    'HOLDS UNTIL': ({ expiresAt }) => time(expiresAt),
    'APPROVALS FOR': ({ approvalReasons }) => approvalReasons.join('; '),
    OPERATION: ({ operationId }) => operationId,
    FAILURE: ({ failure }) => failure && `${failure.message} ${failure.remediation}`,
  },
};

export function approvalsOf({ decisions }: Pick<ChangeView, 'decisions'>): number {
  return decisions.filter(({ decision }) => decision === 'approve').length;
}
