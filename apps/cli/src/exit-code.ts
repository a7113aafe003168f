import { BulkheadError } from '@bulkhead/kernel';

export const EXIT = {
  ok: 0,
  error: 1,
  changesPending: 2,
  policyDenied: 3,
  approvalNeeded: 4,
  /** Of isolation proofs only: leaks were found; the proof saw too little to be one. */
  leaks: 2,
  proofVoid: 3,
  timeout: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const OF_CODE: Readonly<Record<string, ExitCode>> = {
  policy_violation: EXIT.policyDenied,
  layer_not_eligible: EXIT.policyDenied,
  plan_blocked: EXIT.policyDenied,
  approval_required: EXIT.approvalNeeded,
  loss_not_approved: EXIT.approvalNeeded,
  wait_timeout: EXIT.timeout,
  api_timeout: EXIT.timeout,
  sign_in_timeout: EXIT.timeout,
};

export function exitCodeOf(error: unknown): ExitCode {
  return (error instanceof BulkheadError ? OF_CODE[error.code] : undefined) ?? EXIT.error;
}
