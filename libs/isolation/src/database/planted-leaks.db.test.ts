import { findingsOf } from '@bulkhead/domain/isolation';
import { prove } from '../prove.js';
import { DATABASE_LEAKS, databaseOf, startProofPlane, type ProofPlane } from '../testing/index.js';

let plane: ProofPlane;

beforeAll(async () => {
  plane = await startProofPlane();
});
afterAll(() => plane?.stop());

describe('the proof turns red, and names', () => {
  it.each(DATABASE_LEAKS.map((leak) => [leak.name, leak] as const))('%s', async (_, leak) => {
    const { plant: change, undo, rule, shown = 'static', mode = 'live' } = leak;
    const [report, database] = await plane.onCopy({ change, ...(undo && { undo }) }, async (target) => {
      return [await prove([target], { mode }), databaseOf(target)];
    });
    const object = leak.object
      .replaceAll('{app}', plane.servingRole)
      .replaceAll('{consumer}', plane.consumerRole)
      .replaceAll('{owner}', plane.ownerRole)
      .replaceAll('{db}', database);
    expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule, object, shown }));
    expect(report.verdict).toBe('findings');
  });
});
