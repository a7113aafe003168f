import { TEMPLATE_SCHEMAS } from '@bulkhead/domain';
import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, notFound, READERS } from '../../http/index.js';
import { CatalogReader, type PublishedPlan, type PublishedTier } from './catalog-reader.js';

/** A published version: the template, its digest and when it was published. */
const versionOf = (kind: 'tier' | 'plan'): object => {
  const { properties, required } = TEMPLATE_SCHEMAS[kind] as { properties: object; required: string[] };
  const more = { digest: { type: 'string' }, publishedAt: { type: 'string', format: 'date-time' } };
  return { type: 'object', properties: { ...properties, ...more }, required: [...required, ...Object.keys(more)] };
};
const listOf = (kind: 'tier' | 'plan', list: string): object => ({
  type: 'object',
  properties: { [list]: { type: 'array', items: versionOf(kind) } },
  required: [list],
});

@ApiTags('catalogue')
@Controller('v1')
export class CatalogController {
  constructor(private readonly catalog: CatalogReader) {}

  @Get('tiers')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listTiers', summary: 'Newest published version of every tier.' })
  @ApiOkResponse({ schema: listOf('tier', 'data') })
  async tiers(): Promise<{ data: PublishedTier[] }> {
    return { data: await this.catalog.tiers() };
  }

  @Get('tiers/:name')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getTier', summary: 'All published versions of a tier, newest first.' })
  @ApiOkResponse({ schema: listOf('tier', 'versions') })
  async tier(@Param('name') name: string): Promise<{ versions: PublishedTier[] }> {
    const versions = await this.catalog.tierVersions(searchable(name, 'tier'));
    if (versions.length === 0) throw notFound('tier');
    return { versions };
  }

  @Get('plans')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'listPlans', summary: 'Newest published version of every plan.' })
  @ApiOkResponse({ schema: listOf('plan', 'data') })
  async plans(): Promise<{ data: PublishedPlan[] }> {
    return { data: await this.catalog.plans() };
  }

  @Get('plans/:name')
  @Allow(...READERS)
  @ApiOperation({ operationId: 'getPlan', summary: 'All published versions of a plan, newest first.' })
  @ApiOkResponse({ schema: listOf('plan', 'versions') })
  async plan(@Param('name') name: string): Promise<{ versions: PublishedPlan[] }> {
    const versions = await this.catalog.planVersions(searchable(name, 'plan'));
    if (versions.length === 0) throw notFound('plan');
    return { versions };
  }
}

/** What cannot be a template's name is not looked for: Postgres refuses some of it (U+0000) with an error. */
function searchable(name: string, kind: 'tier' | 'plan'): string {
  if (/^[a-z0-9-]{1,64}$/.test(name)) return name;
  throw notFound(kind);
}
