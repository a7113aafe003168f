import { waitFor } from '@bulkhead/kernel';
import type { PlantedFault } from './aws-proxy.js';

/** Waits until a planted fault has met a call: the moment at which the test strikes. */
export async function reaches(fault: PlantedFault): Promise<void> {
  await waitFor('the planted fault to meet its call', () => fault.met.length > 0, {
    timeoutMs: 120_000,
    intervalMs: 20,
  });
}
