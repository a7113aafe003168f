import type { RosterId } from '@bulkhead/kernel';
import { ApplicationFailure, TemporalFailure, Trigger } from '@temporalio/workflow';
import type { Failure, Patience, SettleRequest } from '../contract.js';
import { failureOf } from '../operation/failure.js';
import { rosterRun } from '../operation/proxies.js';

interface Waiting {
  readonly request: SettleRequest;
  readonly settled: Trigger<void>;
}

/**
 * Tries of a run that serves several requests. A fault of one of them repeats itself, and patience would keep the others
 * waiting; a fault of the plane is waited out by the run without any of them.
 */
const GROUP_ATTEMPTS = 2;

/** The requests that wait for runs of one roster. One run at a time; what arrives meanwhile shares the next. */
export class RosterLine {
  runs = 0;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(
    private readonly rosterId: RosterId,
    private readonly patience: Patience,
  ) {}

  /** @throws ApplicationFailure with the reason why this request's own run failed. */
  async settle(request: SettleRequest): Promise<void> {
    const settled = new Trigger<void>();
    this.#waiting.push({ request, settled });
    if (!this.#running) void this.#drain();
    await settled;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      const failure = await this.#run(group, group.length > 1 ? GROUP_ATTEMPTS : this.patience.attempts);
      if (failure) await this.#halve(group, failure);
      else settleAll(group);
    }
    this.#running = false;
  }

  /**
   * Finds the bad requests of a group that failed. First comes a run without any of them: if that fails too, the
   * fault is not theirs, and searching would only burden what is already down.
   */
  async #halve(group: readonly Waiting[], failure: Failure): Promise<void> {
    if (group.length === 1) return settleAll(group, failure);
    const common = await this.#run([], this.patience.attempts, group[0]);
    if (common) return settleAll(group, common);
    await this.#search(group);
  }

  async #search(group: readonly Waiting[]): Promise<void> {
    const middle = Math.ceil(group.length / 2);
    for (const half of [group.slice(0, middle), group.slice(middle)]) {
      const failure = await this.#run(half, GROUP_ATTEMPTS);
      if (!failure) settleAll(half);
      else if (half.length === 1) settleAll(half, failure);
      else await this.#search(half);
    }
  }

  async #run(group: readonly Waiting[], attempts: number, example = group[0]): Promise<Failure | undefined> {
    this.runs += 1;
    const classes = (group.length > 0 ? group : [example]).map((waiting) => waiting?.request.serviceClass);
    const runRoster = rosterRun(classes.includes('premium') ? 'premium' : 'standard', this.patience, attempts);
    try {
      await runRoster({ rosterId: this.rosterId, bindingIds: group.flatMap(({ request }) => request.bindingIds) });
      return undefined;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return failureOf(error);
    }
  }
}

function settleAll(group: readonly Waiting[], failure?: Failure): void {
  for (const { settled } of group) {
    if (!failure) settled.resolve();
    else settled.reject(asApplicationFailure(failure));
  }
}

function asApplicationFailure({ code, message, remediation }: Failure): ApplicationFailure {
  return ApplicationFailure.create({ message, type: code, nonRetryable: true, details: [{ remediation }] });
}
