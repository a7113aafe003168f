/** Waits for a part to start, and says how long that took. */
export async function timed<T>(log: (line: string) => void, name: string, starting: Promise<T>): Promise<T> {
  const began = performance.now();
  const part = await starting;
  log(`${name}: ready in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return part;
}
