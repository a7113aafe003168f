import { discardedBy } from '@bulkhead/domain';
import type pg from 'pg';
import { RunError, lossUnnamed, providerFailed, stackProtected, stillReleased } from './errors.js';
import type { Previews } from './fleet/previews.js';
import type { RunRequest, RunResult } from './run-request.js';
import { lossScope } from './session/loss-scope.js';
import type { Command, ResourceChanges } from './session/messages.js';
import {
  pruneStack,
  readRecordedState,
  readStackState,
  removeStack,
  unadopted,
  type StackState,
} from './state/stack-state.js';

type Done = Pick<RunResult, 'changes' | 'outputs'>;

/** What each action does with a stack whose lease is held: which commands its session is given, and in which order. */
export class StackActions {
  constructor(
    private readonly pool: pg.Pool,
    private readonly stack: string,
    private readonly wanted: RunRequest,
    private readonly previews: Pick<Previews, 'plan'>,
    private readonly command: (command: Command) => Promise<ResourceChanges>,
  ) {}

  /** Does the action, beginning with the state that was read under the lease, if the stack has one. */
  async perform(before: StackState | undefined): Promise<Done> {
    switch (this.wanted.action) {
      case 'up':
        await this.#confirm();
        return this.#up();
      case 'repair': {
        // Only a state that says what the cloud does lets `up` see the difference.
        const targets = this.wanted.targets ?? [];
        await this.command({ kind: 'refresh', targets });
        return { changes: await this.command({ kind: 'up', targets }), outputs: (await this.#state()).outputs };
      }
      case 'adopt': {
        const changes = await this.command({ kind: 'refresh', targets: this.wanted.targets ?? [] });
        return { changes, outputs: (await this.#state()).outputs };
      }
      case 'destroy':
        return { changes: await this.#destroy(before ?? (await this.#state())), outputs: {} };
    }
  }

  async #confirm(): Promise<void> {
    const { confirm, request } = this.wanted;
    if (!confirm) return;
    const state = (await readRecordedState(this.pool, this.stack)) ?? null;
    const losing = await confirm(await this.previews.plan(request, state), state);
    if (losing.length > 0) await this.#lose(losing);
  }

  /** What is replaced is deleted before it is made anew: both have one name, by which the new one would be the old one. */
  async #lose(urns: readonly string[]): Promise<void> {
    const { declared } = await this.#state();
    const there = urns.filter((urn) => declared.some((resource) => resource.urn === urn));
    if (there.length === 0) return;
    const { released, unnamed } = lossScope(declared, there);
    if (unnamed.length > 0) throw lossUnnamed(this.stack, unnamed);
    try {
      if (released.length > 0) await this.command({ kind: 'release', known: declared, urns: released });
      await this.command({ kind: 'lose', urns: there });
    } catch (error) {
      await this.#protectAgain(declared, released, error);
      throw error;
    }
  }

  /** What was to be lost and is still there must not stay without protection. */
  async #protectAgain(before: StackState['declared'], released: readonly string[], cause: unknown): Promise<void> {
    const left = new Set((await this.#state()).declared.map(({ urn }) => urn));
    const urns = released.filter((urn) => left.has(urn));
    if (urns.length === 0) return;
    const known = before.filter(({ urn }) => left.has(urn));
    await this.command({ kind: 'restore', known, urns }).catch(() => {
      throw stillReleased(urns, cause);
    });
  }

  async #up(): Promise<Done> {
    let changes = await this.command({ kind: 'up' });
    let state = await this.#state();
    // The program no longer declares what a cut-off run began: now that the state knows it, a second run removes it.
    if (await this.#settle(state)) {
      changes = await this.command({ kind: 'up' });
      state = await this.#state();
    }
    // Pulumi carries pending creations on for ever. All of them are adopted or removed: it may forget them.
    if (state.pendingCreates.length > 0) await this.command({ kind: 'clear-pending' });
    await pruneStack(this.pool, this.stack);
    return { changes, outputs: state.outputs };
  }

  /** Makes the state know what a cut-off run may have made; tells whether there was anything. */
  async #settle(state: StackState): Promise<boolean> {
    const pending = unadopted(state);
    if (pending.length === 0) return false;
    await this.command({ kind: 'settle', known: state.declared, pending });
    return true;
  }

  async #destroy(before: StackState): Promise<ResourceChanges> {
    // Asked to destroy, Pulumi deletes all that is not protected before it refuses the rest.
    if (isProtected(before) && !this.#isDiscarded()) throw stackProtected(this.stack);
    const settled = await this.#settle(before);
    if (this.#isDiscarded() && (settled || isProtected(before))) await this.#unprotect();
    const changes = await this.command({ kind: 'destroy' });
    if ((await this.#state()).resources.length > 0) throw providerFailed(this.stack, []);
    await removeStack(this.pool, this.stack);
    return changes;
  }

  async #unprotect(): Promise<void> {
    const { resources } = await this.#state();
    try {
      await this.command({ kind: 'unprotect', urns: resources.map(({ urn }) => urn) });
    } catch (error) {
      // A resource that is half made may refuse a change and still be removable.
      if (!(error instanceof RunError) || isProtected(await this.#state())) throw error;
    }
  }

  #isDiscarded(): boolean {
    return discardedBy(this.wanted.request) !== undefined;
  }

  async #state(): Promise<StackState> {
    const state = await readStackState(this.pool, this.stack);
    return state ?? { resources: [], declared: [], pendingCreates: [], outputs: {} };
  }
}

function isProtected({ resources }: StackState): boolean {
  return resources.some((resource) => resource.protect);
}
