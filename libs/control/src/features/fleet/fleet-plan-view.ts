import type { FleetPlan, PlannedStack } from '@bulkhead/domain/fleet';
import type { FleetPlanEntity, FleetPlanStackEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class PlannedStackView {
  @ApiProperty() stack!: string;
  @ApiProperty({ type: [String], description: 'Slugs of the tenants that it serves.' }) tenants!: string[];
  @ApiProperty({ enum: ['untouched', 'begun', 'applied'] }) state!: string;
  @ApiProperty({ description: 'Resources that would be created.' }) create!: number;
  @ApiProperty() update!: number;
  @ApiProperty() replace!: number;
  @ApiProperty() delete!: number;
  @ApiProperty({ description: 'Resources with state that would be lost; each takes an approved change request.' })
  losses!: number;
  @ApiProperty({ type: String, nullable: true, description: 'The operation that began with it.' })
  operationId!: string | null;
}

export class FleetPlanView {
  @ApiProperty({ example: 'sha256:…', description: 'Names the plan.' }) planHash!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Commit that it was made from.' }) head!: string | null;
  @ApiProperty({ type: String, nullable: true }) base!: string | null;
  @ApiProperty({ description: 'Digest of the programs; only a worker that runs the same applies it.' }) code!: string;
  @ApiProperty({ format: 'date-time' }) expiresAt!: string;
  @ApiProperty({
    type: Object,
    additionalProperties: true,
    nullable: true,
    description: 'Estimated monthly difference.',
  })
  monthly!: object | null;
  @ApiProperty({ type: [PlannedStackView], description: 'What it changes, in the order in which it is applied.' })
  stacks!: PlannedStackView[];
  @ApiProperty() keptBy!: string;
  @ApiProperty({ format: 'date-time' }) keptAt!: string;
}

const ORDER = ['landing-zone', 'cell', 'roster', 'dedicated-tenant'];

/** What a plan changes, in the order in which it is applied: what others stand on comes first. */
export function changesOf({ stacks }: FleetPlan): readonly PlannedStack[] {
  const key = ({ stack }: PlannedStack): string => `${ORDER.indexOf(stack.split('.')[0] ?? '')}.${stack}`;
  return stacks.filter(({ result }) => result === 'changes').toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function viewPlan(
  { plan, keptBy, keptAt }: FleetPlanEntity,
  progress: readonly FleetPlanStackEntity[],
): FleetPlanView {
  const { planHash, head, base, code, expiresAt, monthly } = plan;
  const begun = new Map(progress.map((row) => [row.stack, row]));
  const stacks = changesOf(plan).map(({ stack, tenants, steps }): PlannedStackView => {
    const count = (operation: string): number => steps.filter((step) => step.operation === operation).length;
    return {
      stack,
      tenants: tenants.map(({ slug }) => slug),
      state: shown(begun.get(stack)?.state),
      ...{ create: count('create'), update: count('update'), replace: count('replace'), delete: count('delete') },
      losses: steps.filter(({ loss }) => loss).length,
      operationId: begun.get(stack)?.operationId ?? null,
    };
  });
  return { planHash, head, base, code, expiresAt, monthly, stacks, keptBy, keptAt: keptAt.toISOString() };
}

function shown(state: FleetPlanStackEntity['state'] | undefined): string {
  return state === 'made' ? 'begun' : (state ?? 'untouched');
}
