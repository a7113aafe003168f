import { describeApplyPlan } from './platform/apply-plan.suite.js';
import { describeAuditLog } from './platform/audit-log.suite.js';
import { describeChangeRequests } from './platform/change-requests.suite.js';
import { describeClinic } from './platform/clinic.suite.js';
import { describeDrift } from './platform/drift.suite.js';
import { describeIsolation } from './platform/isolation.suite.js';
import { describePreview } from './platform/preview.suite.js';
import { describeSecondStart } from './platform/second-start.suite.js';
import { describeSecrets } from './platform/secrets.suite.js';
import { describeServingLogins } from './platform/serving-logins.suite.js';
import { describeTiers } from './platform/tiers.suite.js';
import { describeTogether } from './platform/together.suite.js';
import { describeTokens } from './platform/tokens.suite.js';
import { layGroundwork } from './support/onboarding.js';
import { TestStack } from './support/test-stack.js';

// One stack, used the way a day uses it: tenants of each tier, many at once, an auditor's visit, a restart, and in the
// end a search for secrets in everything that was written on the way.

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
  await layGroundwork(stack.api);
});
afterAll(() => stack.remove());

const current = () => stack;
describeTiers(current);
describeTogether(current);
describeChangeRequests(current);
describeServingLogins(current);
describeTokens(current);
describeClinic(current);
describeIsolation(current);
describeAuditLog(current);
describePreview(current);
describeApplyPlan(current);
describeDrift(current);
describeSecondStart(current, async () => {
  stack = await stack.startAgain();
});
describeSecrets(current);
