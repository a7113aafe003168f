import { z } from 'zod';

const schema = z.strictObject({
  /** Rights inside a tenant by which every route is open. */
  roles: z.array(z.string().min(1)).min(1),
  /**
   * What the tenants of the proof must have, in the order in which it is made: the path that it is listed at and made
   * by, and the body. A value `{/v1/patients}` stands for the id of what was made there.
   */
  things: z.array(z.strictObject({ path: z.string().startsWith('/'), body: z.record(z.string(), z.unknown()) })),
  /** Fewer routes than this make the proof void. */
  leastRoutes: z.int().min(1),
});

/** What the proof must know of a service to have something there that another tenant could reach. */
export type ServiceProfile = z.output<typeof schema>;

/** @throws ZodError when the text is not a profile. */
export function parseServiceProfile(text: string): ServiceProfile {
  return schema.parse(JSON.parse(text));
}
