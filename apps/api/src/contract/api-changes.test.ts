import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiChanges } from './api-changes.js';

const GOLDEN = fileURLToPath(new URL('../../../../libs/client/openapi.json', import.meta.url));
// Which members there are is the document's business.
// oxlint-disable-next-line typescript/no-explicit-any
type Part = any;
const document = (): Part => JSON.parse(readFileSync(GOLDEN, 'utf8'));
type Change = (document: Part) => void;

const changed = (change: Change) => {
  const after = document();
  change(after);
  return apiChanges(document(), after);
};
const schema =
  (name: string, change: (schema: Part) => void): Change =>
  ({ components }) =>
    change(components.schemas[name]);
const cycle: Change = ({ components: { schemas } }) => {
  schemas.TenantView.properties.parent = { $ref: '#/components/schemas/TenantView' };
};

it('a document is the same as itself', () => {
  expect(apiChanges(document(), document())).toEqual({ breaking: [], harmless: [] });
});

it.each<[string, Change, string]>([
  ['an operation that is gone', ({ paths }) => delete paths['/v1/tiers'].get, 'GET /v1/tiers is gone'],
  ['a path that is gone', ({ paths }) => delete paths['/v1/tiers'], 'GET /v1/tiers is gone'],
  ['another name of an operation', ({ paths }) => (paths['/v1/tiers'].get.operationId = 'x'), 'name in the client'],
  ['a role that may no more', ({ paths }) => paths['/v1/tiers'].get['x-roles'].pop(), 'GET /v1/tiers: not for '],
  ['a parameter that is gone', ({ paths }) => paths['/v1/tenants'].get.parameters.shift(), 'query limit is gone'],
  [
    'a parameter that must be sent',
    ({ paths }) => (paths['/v1/tenants'].get.parameters[0].required = true),
    'query limit must be sent now',
  ],
  ['a member that must be sent', schema('CreateTenantBody', (s) => s.required.push('partnerId')), 'partnerId must be'],
  ['a member that is taken no more', schema('CreateTenantBody', (s) => delete s.properties.partnerId), 'partnerId is'],
  ['a value that is taken no more', schema('CreateTenantBody', (s) => s.properties.region.enum.pop()), 'no more'],
  ['a stricter limit', schema('CreateTenantBody', (s) => (s.properties.name.maxLength = 5)), 'maxLength is lower'],
  [
    'a limit where none was',
    schema('CreateTenantBody', (s) => (s.properties.plan.maxLength = 5)),
    'maxLength is lower',
  ],
  ['another pattern', schema('CreateTenantBody', (s) => (s.properties.slug.pattern = '^a$')), 'pattern is new'],
  ['another format', schema('CreateTenantBody', (s) => (s.properties.slug.format = 'email')), 'format has changed'],
  ['a member that is answered no more', schema('TenantView', (s) => delete s.properties.slug), '.slug is gone'],
  ['a member that may be missing', schema('TenantView', (s) => s.required.shift()), '.id may be missing now'],
  ['another type', schema('TenantView', (s) => (s.properties.quantity.type = 'string')), '.quantity may now be string'],
  ['null', schema('TenantView', (s) => (s.properties.slug.type = ['string', 'null'])), '.slug may now be null'],
  ['an alternative more', schema('TenantView', (s) => s.properties.suspension.anyOf.push({})), 'alternatives'],
  ['another answer', ({ paths }) => (paths['/v1/tiers'].get.responses[202] = {}), 'answer 202 is new'],
  ['what no rule is for', schema('TenantView', (s) => (s.properties.slug.const = 'a')), 'const has changed'],
])('%s breaks callers', (_what, change, expected) => {
  expect(changed(change).breaking).toContainEqual(expect.stringContaining(expected));
});

it.each<[string, Change, string]>([
  ['a new operation', ({ paths }) => (paths['/v1/new'] = { get: { operationId: 'n' } }), 'GET /v1/new is new'],
  ['a member that may be sent', schema('CreateTenantBody', (s) => (s.properties.x = {})), '.x is new'],
  ['a member that is answered too', schema('TenantView', (s) => (s.properties.x = {})), '.x is new'],
  ['a new answer value', schema('TenantView', (s) => s.properties.state.enum.push('new')), '.state may now be "new"'],
  ['a description', schema('TenantView', (s) => (s.properties.quantity.description = 'x')), 'description'],
  ['a format of an answer', schema('TenantView', (s) => (s.properties.quantity.format = 'int64')), 'format has'],
  ['a circle', cycle, '.parent is new'],
])('%s breaks nobody', (_what, change, expected) => {
  const { breaking, harmless } = changed(change);
  expect([breaking, harmless]).toEqual([[], expect.arrayContaining([expect.stringContaining(expected)])]);
});

it.each<[string, Change]>([
  ['a wider limit', schema('CreateTenantBody', (s) => (s.properties.name.maxLength = 900))],
  ['a value more that is taken', schema('CreateTenantBody', (s) => s.properties.region.enum.push('eu-west-1'))],
  ['a value that is answered no more', schema('TenantView', (s) => s.properties.state.enum.pop())],
  ['a member that need not be sent', schema('CreateTenantBody', (s) => s.required.pop())],
])('%s breaks nobody', (_what, change) => {
  expect(changed(change).breaking).toEqual([]);
});
