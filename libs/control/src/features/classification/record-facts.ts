import { calendarDate, checkFacts, dateOf, FACT_NAMES, type FactName, type FactValue } from '@bulkhead/domain';
import { newId, type TenantId } from '@bulkhead/kernel';
import { currentFacts, loadTenant, TenantFactEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { Gated } from '../../gate/index.js';
import { IsFactValue, viewFact, type FactView } from './fact-view.js';

export class FactBody {
  @ApiProperty({ enum: FACT_NAMES })
  @IsIn(FACT_NAMES)
  name!: FactName;

  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'boolean' }], example: 47 })
  @IsFactValue()
  value!: FactValue;

  @ApiProperty({ minLength: 1, maxLength: 500, description: 'Who or what said it.', example: 'contract of 3 March' })
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'source must not hold control characters' })
  source!: string;

  @ApiProperty({ format: 'date', description: 'When it was so.', example: '2026-11-20' })
  @Matches(/^\d{4}-\d{2}-\d{2}$/, { message: 'observedOn must be a day such as 2026-11-20' })
  observedOn!: string;
}

export class RecordFactsBody {
  @ApiProperty({ type: [FactBody], minItems: 1, maxItems: 50 })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(50)
  @ArrayUnique(({ name }: FactBody) => name)
  @ValidateNested({ each: true })
  @Type(() => FactBody)
  facts!: FactBody[];
}

@Gated<RecordFacts, FactView[]>({
  name: 'tenant.record_facts',
  roles: ['sales-ops', 'platform-admin'],
  audit: ({ request: { tenantId, facts } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: { facts: facts.map(({ name, value, source, observedOn }) => ({ name, value, source, observedOn })) },
  }),
})
export class RecordFacts extends Command<FactView[]> {
  /** `recordedBy` as `principalName` writes it. */
  constructor(readonly request: RecordFactsBody & { readonly tenantId: TenantId; readonly recordedBy: string }) {
    super();
  }
}

/** Adds facts. Answers with what is known now. */
@CommandHandler(RecordFacts)
export class RecordFactsHandler implements ICommandHandler<RecordFacts> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId, facts, recordedBy } }: RecordFacts): Promise<FactView[]> {
    const { manager } = this.work;
    await loadTenant(manager, tenantId);
    const dated = facts.map((fact) => ({ ...fact, observedOn: calendarDate(fact.observedOn) }));
    checkFacts(dated, dateOf(new Date()));
    const rows = dated.map((fact) => ({ ...fact, id: newId('fact'), tenantId, recordedBy }));
    await manager.insert(TenantFactEntity, rows);
    return (await currentFacts(manager, tenantId)).map(viewFact);
  }
}
