import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CommandBus, type Command } from '@nestjs/cqrs';
import { canonicalDigest, type AuditEntry } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import { appendAudit, IdempotencyKeyEntity, UnitOfWork } from '@bulkhead/store';
import type { EntityManager } from 'typeorm';
import { policyOf, type AuditDescription, type CommandPolicy } from './command.js';
import { principalName, type Call } from './principal.js';

/**
 * The one way to change control-plane state. In one transaction: the caller is authorised, the idempotency key is
 * claimed, the handler runs, its audit leaf is queued and whatever it put in the outbox is stored. A refusal is
 * audited in a transaction of its own, after the command's has been rolled back.
 */
@Injectable()
export class CommandGate {
  /** Errors that have their leaf, so that whoever sees them next does not leave a second one. */
  readonly #audited = new WeakSet<BulkheadError>();

  constructor(
    private readonly bus: CommandBus,
    private readonly work: UnitOfWork,
  ) {}

  /**
   * @throws BulkheadError `forbidden` (403), `idempotency_key_reused` (422), `request_in_flight` (409), or whatever
   * the handler refuses with.
   */
  async execute<R>(command: Command<R>, call: Call): Promise<R> {
    const policy = policyOf(command);
    if (!policy) throw new Error(`${command.constructor.name} is not gated`);
    try {
      authorise(policy, call);
      return await this.work.run((manager) => this.#accept(manager, command, policy, call));
    } catch (error) {
      if (error instanceof BulkheadError)
        await this.#auditRefusal(policy.name, policy.audit(command, undefined), call, error);
      throw error;
    }
  }

  /**
   * Runs the command with all its checks and takes everything back: what would its answer be? Takes no idempotency
   * key. Ids in the answer name nothing.
   * @throws BulkheadError as {@link execute}; a refusal is audited as one of `<command>.rehearse`.
   */
  async rehearse<R>(command: Command<R>, call: Call): Promise<R> {
    const policy = policyOf(command);
    if (!policy) throw new Error(`${command.constructor.name} is not gated`);
    let rehearsed: { result: R } | undefined;
    try {
      authorise(policy, call);
      await this.work.run(async () => {
        rehearsed = { result: await this.bus.execute(command) };
        throw new Rehearsed();
      });
    } catch (error) {
      if (rehearsed && error instanceof Rehearsed) return rehearsed.result;
      if (error instanceof BulkheadError)
        await this.#auditRefusal(`${policy.name}.rehearse`, policy.audit(command, undefined), call, error);
      throw error;
    }
    throw new Error('A rehearsal cannot be committed');
  }

  /**
   * Leaves the audit leaf of a request that was refused before it became a command (a body that is no command). Does
   * nothing for an error that has its leaf already.
   */
  async refuse(action: string, call: Call, error: BulkheadError): Promise<void> {
    await this.#auditRefusal(action, { subject: null }, call, error);
  }

  async #accept<R>(
    manager: EntityManager,
    command: Command<R>,
    policy: CommandPolicy<Command<R>, R>,
    call: Call,
  ): Promise<R> {
    const claim = await claimKey<R>(manager, policy.name, command, call);
    if (claim.replay) return claim.answer;
    const result = await this.bus.execute(command);
    await claim.store(result);
    await appendAudit(manager, entry(policy.name, 'accepted', policy.audit(command, result), call));
    return result;
  }

  async #auditRefusal(action: string, description: AuditDescription, call: Call, error: BulkheadError): Promise<void> {
    // A retryable refusal changed nothing and will be answered for real later: a leaf for each try would only let a
    // client in a retry loop flood the log.
    if (error.retryable || this.#audited.has(error)) return;
    const leaf = { ...entry(action, 'refused', description, call), code: error.code };
    await this.work.run((manager) => appendAudit(manager, leaf));
    this.#audited.add(error);
  }
}

/** Thrown to roll a rehearsal back; never leaves this file. */
class Rehearsed extends Error {}

function authorise(policy: Pick<CommandPolicy<never, never>, 'name' | 'roles'>, { principal }: Call): void {
  if (principal.roles.some((role) => policy.roles.includes(role))) return;
  throw new BulkheadError({
    code: 'forbidden',
    status: 403,
    publicMessage: `Your roles do not allow ${policy.name}.`,
    remediation: `Ask a platform admin for one of these roles: ${policy.roles.join(', ')}.`,
  });
}

type Claim<R> = { replay: true; answer: R } | { replay: false; store: (result: R) => Promise<void> };

async function claimKey<R>(manager: EntityManager, name: string, command: Command<R>, call: Call): Promise<Claim<R>> {
  const { idempotencyKey: key } = call;
  if (key === undefined) return { replay: false, store: async () => {} };
  const principal = principalName(call.principal);
  const requestHash = canonicalDigest({ command: name, payload: command });
  // The lock lives as long as the transaction: a crash frees the key together with everything else it did.
  const [lock] = await manager.query(`select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as held`, [
    `${principal}\n${key}`,
  ]);
  if (!lock.held) throw inFlight();
  const earlier = await manager.findOneBy(IdempotencyKeyEntity, { principal, key });
  if (earlier) {
    if (earlier.requestHash !== requestHash) throw reused();
    return { replay: true, answer: (earlier.answer as { result: R }).result };
  }
  return {
    replay: false,
    store: async (result) => {
      await manager.insert(IdempotencyKeyEntity, { principal, key, requestHash, answer: { result } });
    },
  };
}

function inFlight(): BulkheadError {
  return new BulkheadError({
    code: 'request_in_flight',
    status: 409,
    retryable: true,
    publicMessage: 'A request with this idempotency key is still being handled.',
    remediation: 'Wait a moment and send the same request with the same key again.',
  });
}

function reused(): BulkheadError {
  return new BulkheadError({
    code: 'idempotency_key_reused',
    status: 422,
    publicMessage: 'This idempotency key was already used for a different request.',
    remediation: 'Use a new Idempotency-Key for a new request, or repeat the original body.',
  });
}

function entry(action: string, outcome: AuditEntry['outcome'], description: AuditDescription, call: Call): AuditEntry {
  return {
    id: randomUUID(),
    occurredAt: new Date().toISOString(),
    actor: { kind: call.principal.kind, id: call.principal.id, roles: [...call.principal.roles] },
    action,
    outcome,
    subject: description.subject,
    tenantId: description.tenantId ?? null,
    operationId: description.operationId ?? null,
    code: null,
    details: (description.details ?? {}) as AuditEntry['details'],
    requestId: call.requestId ?? null,
  };
}
