import { physicalNames, type CellOutputs, type DatabaseCoordinates } from '@bulkhead/domain';
import { toSarif } from '@bulkhead/domain/isolation';
import { BulkheadError, type BindingId, type CellId, type IsolationProofId } from '@bulkhead/kernel';
import { BindingEntity, CellEntity, IsolationProofEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { notFound, readPage, type Page, type PageQuery } from '../../http/index.js';
import { livePlaces, probedCells, type LivePlace, type ProbedCell } from './live-places.js';
import { viewProof, viewProofDetail, type IsolationProofDetail, type IsolationProofView } from './isolation-view.js';

/** A database that holds tenants' rows: a cell's, or a binding's own. */
export interface TenantDatabasePlace {
  readonly home: CellId | BindingId;
  readonly database: DatabaseCoordinates;
  readonly ownerRole: string;
  readonly servingRole: string;
  readonly consumerRole: string;
  readonly migratorRole: string;
}

@Injectable()
export class IsolationReader {
  constructor(private readonly source: DataSource) {}

  list(query: PageQuery): Promise<Page<IsolationProofView>> {
    const proofs = this.source.manager.createQueryBuilder(IsolationProofEntity, 'proof').where('true');
    return readPage(proofs, query, viewProof);
  }

  async get(id: IsolationProofId): Promise<IsolationProofDetail> {
    return viewProofDetail(await this.#find(id));
  }

  /** @throws BulkheadError `isolation_proof_unfinished` (409) while there is no report. */
  async sarif(id: IsolationProofId): Promise<object> {
    const { report } = await this.#find(id);
    if (report) return toSarif(report);
    throw new BulkheadError({
      code: 'isolation_proof_unfinished',
      status: 409,
      publicMessage: 'This proof has no report.',
      remediation: 'Look at its operation: wait until it has succeeded, or start another proof.',
    });
  }

  /** Every tenant database that is live: those of active cells, and dedicated ones that serve or stand ready. */
  async tenantDatabases(): Promise<TenantDatabasePlace[]> {
    const { manager } = this.source;
    const cells = await manager.find(CellEntity, { where: { state: 'active' }, order: { id: 'ASC' } });
    const own = await manager.find(BindingEntity, {
      where: { layer: 'database', isolation: 'dedicated', state: In(['ready', 'bound']) },
      order: { id: 'ASC' },
    });
    const places = [
      ...cells.map(({ id, outputs }) => ({ home: id, database: (outputs as CellOutputs).database })),
      ...own.map(({ id, outputs }) => ({ home: id, database: outputs as DatabaseCoordinates })),
    ];
    return places.map((place) => {
      const { ownerRole, servingRole, consumerRole, migratorRole } = physicalNames(place.home);
      return { ...place, ownerRole, servingRole, consumerRole, migratorRole };
    });
  }

  probedCells(): Promise<ProbedCell[]> {
    return probedCells(this.source.manager);
  }

  livePlaces(): Promise<LivePlace[]> {
    return livePlaces(this.source.manager);
  }

  async #find(id: IsolationProofId): Promise<IsolationProofEntity> {
    const proof = await this.source.manager.findOneBy(IsolationProofEntity, { id });
    if (!proof) throw notFound('isolation proof');
    return proof;
  }
}
