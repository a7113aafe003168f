import type { IsolationRule } from '@bulkhead/domain/isolation';
import type { GuardingPolicies, PolicyRule } from './target.js';
import { nameOf, type Told } from './told.js';

type OneOrMore = string | readonly string[];

/** As much of a policy of IAM as is judged (IAM User Guide, "Grammar of the IAM JSON policy language"). */
interface Statement {
  readonly Effect?: string;
  readonly Principal?: string | Readonly<Record<string, OneOrMore>>;
  readonly NotPrincipal?: unknown;
  readonly Resource?: OneOrMore;
  readonly NotResource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

interface Complaint {
  readonly rule: IsolationRule;
  readonly detail: string;
}

/** Judges what nobody may try on a live plane: writing, removing, and being let in by a policy of a resource. */
export async function judgePolicies(policies: readonly GuardingPolicies[], told: Told): Promise<void> {
  let judged = 0;
  for (const policy of policies) {
    const { object, judged: rule } = policy;
    try {
      const documents = await policy.read();
      for (const document of documents)
        for (const { rule: broken, detail } of complaints(document, rule)) told.found(broken, object, detail, 'static');
      if (rule.of !== 'resource' && documents.length === 0) told.blind(`${object}: its policy is not there.`);
      judged += 1;
    } catch (error) {
      told.blind(`${object}: its policy was not judged (${nameOf(error)}).`);
    }
  }
  told.looked('policies', judged);
}

function complaints(document: string, rule: PolicyRule): Complaint[] {
  const { Statement: given = [] } = JSON.parse(document) as { Statement?: Statement | readonly Statement[] };
  const allowing = (Array.isArray(given) ? given : [given]).filter(({ Effect }: Statement) => Effect === 'Allow');
  return allowing.flatMap((statement: Statement) => {
    if (rule.of === 'resource') return letIn(statement, rule);
    if (rule.of === 'role') return reaches(statement, rule.resources);
    return takenBy(statement, rule);
  });
}

/** Roles have policies of their own, so whoever a resource's policy lets in comes past them. */
function letIn(statement: Statement, { account, delegates }: PolicyRule & { of: 'resource' }): Complaint[] {
  const others = principals(statement).filter((one) => !(delegates && isAccount(one, account)));
  return others.map((one) => ({ rule: 'policy_open', detail: `It lets in ${one}.` }));
}

function reaches({ Resource = [], NotResource }: Statement, resources: readonly string[]): Complaint[] {
  const named = NotResource === undefined ? list(Resource) : ['everything but what it names'];
  return named
    .filter((one) => !resources.includes(one))
    .map((one) => ({ rule: 'role_reaches', detail: `It names ${one}.` }));
}

function takenBy(statement: Statement, { account, externalId }: PolicyRule & { of: 'trust' }): Complaint[] {
  const strangers = principals(statement).filter((one) => !isOf(one, account));
  const asked = list(statement.Condition?.['StringEquals']?.['sts:ExternalId'] ?? []);
  const bound = asked.length === 1 && asked[0] === externalId;
  return [
    ...strangers.map((one) => ({ rule: 'role_open' as const, detail: `${one} may take it.` })),
    ...(bound ? [] : [{ rule: 'role_open' as const, detail: 'It may be taken without naming whose it is.' }]),
  ];
}

/** Services of AWS are left out: they act for a resource of this account. */
function principals({ Principal, NotPrincipal }: Statement): string[] {
  if (NotPrincipal !== undefined || Principal === undefined) return ['everybody but whom it names'];
  if (typeof Principal === 'string') return [Principal];
  return Object.entries(Principal).flatMap(([kind, names]) => (kind === 'Service' ? [] : list(names)));
}

const isAccount = (principal: string, account: string): boolean =>
  principal === account || principal === `arn:aws:iam::${account}:root`;
const isOf = (principal: string, account: string): boolean =>
  principal === account || principal.startsWith(`arn:aws:iam::${account}:`);
const list = (given: OneOrMore): readonly string[] => (typeof given === 'string' ? [given] : given);
