import { RESOURCE_RULES, STACK_RULES } from './rules/index.js';
import type { ResourceRule, StackRule } from './rules/rule.js';

/** Every rule of the pack. */
export const RULES: readonly (ResourceRule | StackRule)[] = [...RESOURCE_RULES, ...STACK_RULES];

export interface Controls {
  /** CIS Amazon Web Services Foundations Benchmark v5.0.0; empty where it has no recommendation on the matter. */
  readonly cis: readonly string[];
  /** NIST SP 800-53 Rev. 5. */
  readonly nist: readonly string[];
}

/**
 * Controls, besides the HIPAA safeguards that each rule names itself, that a rule gives evidence for. A rule alone
 * never meets a control: it shows that this part of it holds for what Bulkhead stands up.
 */
export const CONTROLS: Readonly<Record<string, Controls>> = {
  'bucket-encrypted-with-customer-key': { cis: [], nist: ['SC-12', 'SC-28(1)'] },
  'database-encrypted-with-customer-key': { cis: ['2.2.1'], nist: ['SC-12', 'SC-28(1)'] },
  'queue-encrypted-with-customer-key': { cis: [], nist: ['SC-12', 'SC-28(1)'] },
  'secret-encrypted-with-customer-key': { cis: [], nist: ['SC-12', 'SC-28(1)', 'IA-5(6)'] },
  'key-rotates': { cis: ['3.6'], nist: ['SC-12'] },
  'public-access-blocked': { cis: ['2.1.4'], nist: ['AC-3', 'AC-6', 'SC-7'] },
  'database-private': { cis: ['2.2.3'], nist: ['AC-3', 'SC-7'] },
  'master-password-managed': { cis: [], nist: ['IA-5(1)', 'IA-5(7)'] },
  'plain-http-denied': { cis: ['2.1.1'], nist: ['SC-8', 'SC-8(1)'] },
  'role-bounded': { cis: [], nist: ['AC-6', 'AC-6(7)'] },
  'state-protected': { cis: [], nist: ['CM-3', 'CP-9', 'SI-12'] },
  'deletion-protected': { cis: [], nist: ['CP-9', 'SC-5', 'SI-12'] },
  'database-backed-up': { cis: [], nist: ['CP-9', 'CP-10', 'SI-12'] },
  'ownership-tagged': { cis: [], nist: ['CM-8', 'PM-5', 'AC-16'] },
  'type-reviewed': { cis: [], nist: ['CM-2', 'CM-3', 'CM-7'] },
  'bucket-guarded': { cis: ['2.1.1', '2.1.4'], nist: ['AC-3', 'SC-28(1)', 'CP-9'] },
  'queue-guarded': { cis: [], nist: ['AC-3', 'SC-8(1)'] },
};
