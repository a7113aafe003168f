import type { Api } from './api.js';

/** What the event stream of an operation said. */
export interface Progress {
  /** States of a step in the order in which they were shown. */
  states(step: string): string[];
  /** State in the event that ends the stream. */
  readonly end: string;
}

interface Shown {
  readonly name?: string;
  readonly state: string;
}

/** Follows an operation to its end by server-sent events. @throws Error when the stream closes before the end. */
export async function progressOf(api: Api, operationId: string): Promise<Progress> {
  const response = await fetch(`${api.url}/v1/operations/${operationId}/events`, {
    headers: { authorization: `Bearer ${await api.token('platform-admin')}` },
    signal: AbortSignal.timeout(240_000),
  });
  const steps: Shown[] = [];
  let rest = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const parts = (rest + Buffer.from(chunk).toString()).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      if (event === 'step') steps.push(JSON.parse(data as string) as Shown);
      if (event !== 'end') continue;
      const { state } = JSON.parse(data as string) as Shown;
      return { end: state, states: (step) => steps.filter(({ name }) => name === step).map((shown) => shown.state) };
    }
  }
  throw new Error(`The event stream of ${operationId} closed before its end`);
}
