import { bulkhead } from '../support/command-line.js';
import { queryAt, type TestStack } from '../support/test-stack.js';
import { placeOf, superuserUrl } from './serving-logins.suite.js';

interface Proof {
  readonly id: string;
  readonly state: string;
  readonly digest: string;
  readonly report: {
    readonly targets: readonly {
      readonly target: string;
      readonly findings: readonly { readonly rule: string; readonly object: string; readonly shown: string }[];
      readonly voids: readonly string[];
    }[];
  };
}

/** The proof over every live database of the stack, after the clinic's tables have come there. */
export function describeIsolation(current: () => TestStack): void {
  describe('the isolation proof', () => {
    const prove = async (): Promise<{ code: number; proof: Proof }> => {
      const { code, stdout, stderr } = await bulkhead(
        current(),
        'auditor',
        ...['isolation', 'prove', '--wait', '-o', 'json'],
      );
      if (stdout === '') throw new Error(`No proof: ${stderr}`);
      return { code, proof: JSON.parse(stdout) as Proof };
    };

    it('finds nothing in any cell and dedicated database, and its digest is in the audit log', async () => {
      const { code, proof } = await prove();
      const problems = proof.report.targets.flatMap(({ target, findings, voids }) => [
        ...findings.map(({ rule, object }) => `${target} ${rule} ${object}`),
        ...voids.map((why) => `${target} ${why}`),
      ]);
      expect({ code, state: proof.state, problems }).toEqual({ code: 0, state: 'green', problems: [] });
      const dedicated = await current().control(
        `select id from control.bindings where layer = 'database' and isolation = 'dedicated' and state = 'bound'`,
      );
      expect(proof.report.targets).toHaveLength(dedicated.length + 1);
      const exported = await current().api.call<string>('GET', '/v1/audit/export', { user: 'auditor' });
      expect(exported.body).toContain(proof.digest);
    });

    it.each(['pooled', 'dedicated'])('goes red when somebody opens a table of a %s database', async (tier) => {
      const place = await placeOf(current(), tier);
      const url = superuserUrl(current(), place);
      await queryAt(url, 'alter table app.patient disable row level security');
      try {
        const { code, proof } = await prove();
        const found = proof.report.targets.flatMap(({ findings }) => findings);
        expect({ code, state: proof.state }).toEqual({ code: 2, state: 'findings' });
        expect(found).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ rule: 'rls_missing', object: 'app.patient', shown: 'static' }),
            expect.objectContaining({ object: 'app.patient', shown: expect.stringMatching(/^probe/) }),
          ]),
        );
      } finally {
        await queryAt(url, 'alter table app.patient enable row level security');
      }
    });
  });
}
