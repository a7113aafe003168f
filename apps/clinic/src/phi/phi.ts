import { currentTenant, type TenantKeys } from '@bulkhead/tenancy';

/** What is encrypted, each under a purpose of its own: a value that is moved to another column cannot be read. */
export type PhiPurpose = 'patient.national-id' | 'patient.notes' | 'document.name';

/** Texts that the database must not be able to read, encrypted with the tenant's data key. */
export class Phi {
  constructor(private readonly keys: Pick<TenantKeys, 'encrypt' | 'decrypt'>) {}

  /** @returns null for what is absent. */
  async seal(purpose: PhiPurpose, text: string | undefined): Promise<Buffer | null> {
    return text === undefined ? null : await this.keys.encrypt(currentTenant(), purpose, Buffer.from(text));
  }

  async open(purpose: PhiPurpose, sealed: Buffer | null): Promise<string | null> {
    return sealed === null ? null : (await this.keys.decrypt(currentTenant(), purpose, sealed)).toString();
  }
}
