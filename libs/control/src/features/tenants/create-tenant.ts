import { chooseCell, LAYERS, REGIONS, type CellLoad, type Isolation, type Layer } from '@bulkhead/domain';
import { BulkheadError, newId, type OperationId, type PartnerId, type TenantId } from '@bulkhead/kernel';
import {
  findOffer,
  PartnerEntity,
  requireCloudQuotas,
  SubscriptionEntity,
  TenantEntity,
  UnitOfWork,
  violates,
  type Offer,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated, openOperation } from '../../gate/index.js';
import { viewTenant, type TenantView } from './tenant-view.js';
import { MayBeAbsent } from '../../http/index.js';

const SLUG = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export class CreateTenantBody {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Riverside Family Clinic' })
  @IsString()
  @Length(1, 200)
  @Matches(/^\S(?:[^\p{Cc}]*\S)?$/u, {
    message: 'name must not start or end with a space, nor hold control characters',
  })
  name!: string;

  @ApiProperty({ minLength: 3, maxLength: 63, pattern: SLUG.source, example: 'riverside' })
  @IsString()
  @Length(3, 63)
  @Matches(SLUG, { message: 'slug must be lower-case letters, digits and single hyphens, starting with a letter' })
  slug!: string;

  @ApiProperty({ enum: REGIONS })
  @IsIn(REGIONS)
  region!: string;

  @ApiProperty({ description: 'Name of a published tier.', example: 'pooled' })
  @IsString()
  @Length(1, 64)
  tier!: string;

  @ApiProperty({ description: 'Name of a published plan.', example: 'clinic-per-provider' })
  @IsString()
  @Length(1, 64)
  plan!: string;

  @ApiProperty({ minimum: 1, maximum: 1_000_000, description: 'Billed units: providers or clinics.' })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  quantity!: number;

  @ApiPropertyOptional({ enum: ['production', 'sandbox'], default: 'production' })
  @MayBeAbsent()
  @IsIn(['production', 'sandbox'])
  environment: 'production' | 'sandbox' = 'production';

  @ApiPropertyOptional({ description: 'Partner that the tenant belongs to.' })
  @MayBeAbsent()
  @Matches(/^prt_[0-9a-f]{32}$/, { message: 'partnerId must be a partner id' })
  partnerId?: PartnerId;
}

export interface TenantCreated {
  readonly tenant: TenantView;
  readonly operationId: OperationId;
  readonly layers: Readonly<Record<Layer, Isolation>>;
}

@Gated<CreateTenant, TenantCreated>({
  name: 'tenant.create',
  roles: ['platform-admin'],
  audit: ({ request }, created) => ({
    subject: created ? { kind: 'tenant', id: created.tenant.id } : null,
    ...(created && { tenantId: created.tenant.id, operationId: created.operationId }),
    details: {
      slug: request.slug,
      region: request.region,
      tier: request.tier,
      plan: request.plan,
      quantity: request.quantity,
    },
  }),
})
export class CreateTenant extends Command<TenantCreated> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: CreateTenantBody & { readonly requestedBy: string }) {
    super();
  }
}

/** Records the tenant with its subscription, on trial until it is active, and opens the onboarding. */
@CommandHandler(CreateTenant)
export class CreateTenantHandler implements ICommandHandler<CreateTenant> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: CreateTenant): Promise<TenantCreated> {
    const { manager } = this.work;
    const offer = await findOffer(manager, request);
    await checkPartner(manager, request.partnerId);
    await checkRoom(manager, request.region, offer);
    const own = LAYERS.filter((layer) => offer.tier.layers[layer] === 'dedicated');
    await requireCloudQuotas(manager, request.region, own);
    const tenant = await insertTenant(manager, request, offer);
    const { layers, serviceClass } = offer.tier;
    const operationId = await openOperation(manager, {
      kind: 'tenant.onboard',
      subjectId: tenant.id,
      tenantId: tenant.id,
      input: { tenantId: tenant.id, layers, serviceClass },
      requestedBy: request.requestedBy,
    });
    return { tenant: viewTenant(tenant), operationId, layers };
  }
}

async function checkPartner(manager: EntityManager, partnerId: PartnerId | undefined): Promise<void> {
  if (partnerId === undefined || (await manager.existsBy(PartnerEntity, { id: partnerId }))) return;
  throw new BulkheadError({
    code: 'unknown_partner',
    status: 422,
    publicMessage: 'There is no such partner.',
    remediation: 'Send the id of an existing partner, or leave partnerId out.',
    errors: [{ pointer: '/partnerId', message: 'There is no such partner.' }],
  });
}

/**
 * Refuses early what onboarding would refuse later. It reserves nothing: of two requests for the last place both may
 * pass here, and the second one's operation then needs attention.
 */
async function checkRoom(manager: EntityManager, region: string, { tier }: Offer): Promise<void> {
  if (LAYERS.every((layer) => tier.layers[layer] === 'dedicated')) return;
  const cells: CellLoad[] = await manager.query(
    `select c.id, c.capacity, count(distinct b.tenant_id)::int as tenants
       from control.cells c left join control.bindings b on b.cell_id = c.id and b.isolation = 'shared' and b.state <> 'retired'
      where c.region = $1 and c.state = 'active' group by c.id`,
    [region],
  );
  if (chooseCell(cells)) return;
  throw new BulkheadError({
    code: 'no_cell_with_room',
    status: 409,
    publicMessage: `No active cell in ${region} has room for another tenant.`,
    remediation:
      'Add a cell there with POST /v1/cells and wait until it is active, or choose a region that has one (GET /v1/cells).',
  });
}

async function insertTenant(
  manager: EntityManager,
  request: CreateTenantBody,
  { tier, plan }: Offer,
): Promise<TenantEntity> {
  const id: TenantId = newId('tenant');
  const { name, slug, region, environment, partnerId, quantity } = request;
  const bought = { planName: plan.name, planVersion: plan.version, quantity };
  const chosen = { tierName: tier.name, tierVersion: tier.version, ...bought };
  try {
    const row = { id, name, slug, region, environment, partnerId: partnerId ?? null, ...chosen };
    await manager.insert(TenantEntity, { ...row, state: 'provisioning', activatedAt: null });
  } catch (error) {
    if (violates(error, 'tenants_slug')) throw slugTaken();
    throw error;
  }
  await manager.insert(SubscriptionEntity, { id: newId('subscription'), tenantId: id, ...bought, state: 'trial' });
  return manager.findOneByOrFail(TenantEntity, { id });
}

function slugTaken(): BulkheadError {
  return new BulkheadError({
    code: 'slug_taken',
    status: 409,
    publicMessage: 'Another tenant has this slug.',
    remediation: 'Choose another slug; GET /v1/tenants?q=… shows which are in use.',
    errors: [{ pointer: '/slug', message: 'Another tenant has this slug.' }],
  });
}
