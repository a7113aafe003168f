import type { KeyObject } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';
import { SigningKeyEntity } from '@bulkhead/store';
import { In, type DataSource } from 'typeorm';
import type { Call, CommandGate, Principal } from '../../gate/index.js';
import {
  isDue,
  RotateSigningKeys,
  type RotateSigningKeysBody,
  type SigningKeysRotated,
} from './rotate-signing-keys.js';
import type { TokenVault } from './token-vault.js';

/** Who rotates a key that is due: the API itself, in the transaction of its own command. */
const API: Principal = { kind: 'workload', id: 'api', roles: ['workload'] };
const PUBLISHED = ['current', 'next', 'previous'] as const;

export interface Signer {
  readonly id: string;
  readonly key: KeyObject;
}

/** The keys of the token service. They come into being with the first token that is asked for. */
export class SigningKeys {
  #opened: Signer | undefined;

  constructor(
    private readonly source: DataSource,
    private readonly gate: CommandGate,
    private readonly vault: TokenVault,
  ) {}

  /** Public keys, the current one first: what a verifier may accept now. */
  async published(): Promise<object[]> {
    const rows = await this.source.manager.findBy(SigningKeyEntity, { state: In([...PUBLISHED]) });
    const place = ({ state }: SigningKeyEntity) => PUBLISHED.findIndex((one) => one === state);
    return rows.toSorted((a, b) => place(a) - place(b)).map(({ publicJwk }) => publicJwk);
  }

  /** The key that signs now. Read anew each time, so that a key that was withdrawn signs nothing more, in any process. */
  async signer(): Promise<Signer> {
    let row = await this.#current();
    if (!row?.privateWrapped || isDue(row)) {
      await this.#rotate({ withdrawCurrent: false, onlyIfDue: true }, { principal: API });
      row = await this.#current();
    }
    if (!row?.privateWrapped) throw new Error('There is no signing key after a rotation');
    if (this.#opened?.id !== row.id)
      this.#opened = { id: row.id, key: this.vault.openSigningKey(row.id, row.privateWrapped) };
    return this.#opened;
  }

  rotate({ withdrawCurrent }: RotateSigningKeysBody, call: Call): Promise<SigningKeysRotated> {
    return this.#rotate({ withdrawCurrent, onlyIfDue: false }, call);
  }

  async #rotate(how: { withdrawCurrent: boolean; onlyIfDue: boolean }, call: Call): Promise<SigningKeysRotated> {
    const made = new Redacted([await this.vault.makeSigningKey(), await this.vault.makeSigningKey()]);
    return this.gate.execute(new RotateSigningKeys({ ...how, made }), call);
  }

  #current(): Promise<SigningKeyEntity | null> {
    return this.source.manager.findOneBy(SigningKeyEntity, { state: 'current' });
  }
}
