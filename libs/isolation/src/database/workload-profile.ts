import { z } from 'zod';

const schema = z.strictObject({
  /** Settings that the service makes for each transaction besides the context; without them it would be refused. */
  settings: z.record(z.string().regex(/^[a-z_]+(\.[a-z_]+)+$/), z.string()).default({}),
  /**
   * Values of columns that no constraint tells plainly, by table and column, as text that the type reads. `{other}`
   * stands for the row's value of that column, `{ordinal}` for 1 or 2, which tells the two tenants apart.
   */
  samples: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /** SQLSTATEs of its own with which the workload's functions refuse. */
  refusals: z.array(z.string().regex(/^[0-9A-Z]{5}$/)).default([]),
});

/** What the proof must know of a workload to be let in as its service would be. */
export type WorkloadProfile = z.output<typeof schema>;

/** Of a workload that asks for nothing but the context. */
export const PLAIN_WORKLOAD: WorkloadProfile = { settings: {}, samples: {}, refusals: [] };

/** @throws ZodError when the text is not a profile. */
export function parseWorkloadProfile(text: string): WorkloadProfile {
  return schema.parse(JSON.parse(text));
}
