import { REGIONS, type Region, type RetentionSpec, type TierTemplate } from '@bulkhead/domain';
import { BulkheadError, newId, type OperationId } from '@bulkhead/kernel';
import { CellEntity, LandingZoneEntity, TierEntity, UnitOfWork, violates } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, Length, Matches, Max, Min } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, openOperation } from '../../gate/index.js';
import { viewCell, type CellView } from './cell-view.js';
import { MayBeAbsent } from '../../http/index.js';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const DATABASE_CLASS = /^db\.[a-z0-9]{1,10}\.[a-z0-9]{1,12}$/;

export class CreateCellBody {
  @ApiProperty({ minLength: 3, maxLength: 63, pattern: NAME.source, example: 'us-east-1-a' })
  @Length(3, 63)
  @Matches(NAME, { message: 'name must be lower-case letters, digits and single hyphens, starting with a letter' })
  name!: string;

  @ApiProperty({ enum: REGIONS })
  @IsIn(REGIONS)
  region!: Region;

  @ApiProperty({ minimum: 1, maximum: 100_000, description: 'Tenants that may be placed here.' })
  @IsInt()
  @Min(1)
  @Max(100_000)
  capacity!: number;

  @ApiPropertyOptional({ default: 'db.r7g.large', pattern: DATABASE_CLASS.source })
  @MayBeAbsent()
  @Matches(DATABASE_CLASS, { message: 'databaseClass must be an RDS instance class such as db.r7g.large' })
  databaseClass: string = 'db.r7g.large';

  @ApiPropertyOptional({ default: 200, minimum: 20, maximum: 65_536 })
  @MayBeAbsent()
  @IsInt()
  @Min(20)
  @Max(65_536)
  databaseGb: number = 200;
}

export interface CellCreated {
  readonly cell: CellView;
  readonly operationId: OperationId;
}

@Gated<CreateCell, CellCreated>({
  name: 'cell.create',
  roles: ['platform-admin'],
  audit: ({ request: { name, region, capacity } }, created) => ({
    subject: created ? { kind: 'cell', id: created.cell.id } : null,
    ...(created && { operationId: created.operationId }),
    details: { name, region, capacity },
  }),
})
export class CreateCell extends Command<CellCreated> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: CreateCellBody & { readonly requestedBy: string }) {
    super();
  }
}

@CommandHandler(CreateCell)
export class CreateCellHandler implements ICommandHandler<CreateCell> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: CreateCell): Promise<CellCreated> {
    const { manager } = this.work;
    const { name, region, capacity, databaseClass, databaseGb, requestedBy } = request;
    if (!(await manager.existsBy(LandingZoneEntity, { region, state: 'active' }))) throw noLandingZone(region);
    const id = newId('cell');
    const spec = { cellId: id, region, retention: await strictestRetention(manager), databaseClass, databaseGb };
    try {
      await manager.insert(CellEntity, { id, name, region, capacity, state: 'provisioning', spec, outputs: null });
    } catch (error) {
      if (violates(error, 'cells_name')) throw nameTaken();
      throw error;
    }
    const operationId = await openOperation(manager, {
      kind: 'cell.create',
      subjectId: id,
      input: { cellId: id, spec },
      requestedBy,
    });
    return { cell: viewCell(await manager.findOneByOrFail(CellEntity, { id })), operationId };
  }
}

/** What a cell keeps even if no tier asks for as much; logs for six years (45 CFR 164.316(b)(2)(i)). */
const LEAST_RETENTION: RetentionSpec = { backupDays: 35, objectVersionDays: 90, logDays: 2192 };

/** One cell serves tenants of every tier that shares a layer, so it keeps what the strictest of them promises. */
async function strictestRetention(manager: EntityManager): Promise<RetentionSpec> {
  const rows = await manager.find(TierEntity);
  const sharing = rows
    .map(({ spec }) => spec as TierTemplate)
    .filter(({ layers }) => Object.values(layers).includes('shared'));
  const most = (field: keyof RetentionSpec): number =>
    Math.max(LEAST_RETENTION[field], ...sharing.map(({ retention }) => retention[field]));
  return { backupDays: most('backupDays'), objectVersionDays: most('objectVersionDays'), logDays: most('logDays') };
}

function noLandingZone(region: Region): BulkheadError {
  return new BulkheadError({
    code: 'landing_zone_missing',
    status: 409,
    publicMessage: `${region} has no active landing zone.`,
    remediation: `Apply it with POST /v1/landing-zones {"region":"${region}"} and wait until its operation has succeeded.`,
  });
}

function nameTaken(): BulkheadError {
  return new BulkheadError({
    code: 'cell_name_taken',
    status: 409,
    publicMessage: 'Another cell has this name.',
    remediation: 'Choose another name; GET /v1/cells shows which are in use.',
    errors: [{ pointer: '/name', message: 'Another cell has this name.' }],
  });
}
