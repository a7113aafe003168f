// Who may import whom: docs/adr/0001-layout-and-boundaries.md. Left of the arrow may import right.
const MAY_IMPORT = {
  'libs/kernel': [],
  'libs/domain': ['libs/kernel'],
  'libs/runtime': ['libs/kernel', 'libs/domain'],
  'libs/store': ['libs/kernel', 'libs/domain'],
  'libs/integrations': ['libs/kernel', 'libs/domain'],
  'libs/client': ['libs/kernel', 'libs/domain'],
  'libs/tenancy': ['libs/kernel', 'libs/domain'],
  'libs/control': ['libs/kernel', 'libs/domain', 'libs/store', 'libs/runtime', 'workflows/definitions'],
  'libs/planes': ['libs/kernel', 'libs/domain', 'infra/automation'],
  'infra/components': ['libs/kernel', 'libs/domain'],
  'infra/programs': ['libs/kernel', 'libs/domain', 'infra/components'],
  'infra/providers': ['libs/kernel', 'libs/domain'],
  'infra/policies': ['libs/kernel', 'libs/domain'],
  'infra/automation': ['libs/kernel', 'libs/domain', 'libs/store', 'infra/programs', 'infra/policies'],
  'workflows/definitions': ['libs/kernel', 'libs/domain'],
  'workflows/activities': [
    'libs/kernel',
    'libs/domain',
    'libs/runtime',
    'libs/store',
    'libs/control',
    'libs/planes',
    'libs/integrations',
    'infra/automation',
    'workflows/definitions',
  ],
  'apps/api': ['libs/kernel', 'libs/domain', 'libs/store', 'libs/runtime', 'libs/control', 'workflows/definitions'],
  'apps/worker': [
    'libs/kernel',
    'libs/domain',
    'libs/store',
    'libs/runtime',
    'libs/control',
    'libs/planes',
    'libs/integrations',
    'infra/automation',
    'workflows/definitions',
    'workflows/activities',
  ],
  'apps/cli': ['libs/kernel', 'libs/client'],
  'apps/clinic': ['libs/kernel', 'libs/runtime', 'libs/tenancy'],
  'apps/local': ['libs/kernel', 'libs/domain', 'libs/runtime', 'libs/store', 'infra/providers'],
};

const anyPart = '^(apps|libs|infra|workflows|test)/';

const boundaries = Object.entries(MAY_IMPORT).map(([part, allowed]) => ({
  name: `${part.replace('/', '-')}-imports`,
  comment: `${part} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^${part}/src/`, pathNot: '/testing/|\\.test\\.ts$' },
  to: { path: anyPart, pathNot: [part, ...allowed].map((folder) => `^${folder}/`) },
}));

module.exports = {
  forbidden: [
    ...boundaries,
    { name: 'no-cycles', severity: 'error', from: { pathNot: '^libs/client/src/generated/' }, to: { circular: true } },
    {
      name: 'features-stand-alone',
      comment: 'A feature never imports another feature: what two need belongs to the gate, the store or the domain.',
      severity: 'error',
      from: { path: '^libs/control/src/features/([^/]+)/' },
      to: { path: '^libs/control/src/features/', pathNot: '^libs/control/src/features/$1/' },
    },
    {
      name: 'automation-api-in-one-place',
      comment: 'Only infra/automation drives Pulumi; programs and components only declare.',
      severity: 'error',
      from: { pathNot: '^infra/automation/|\\.test\\.ts$|/testing/' },
      to: { path: '@pulumi/pulumi/automation' },
    },
    {
      name: 'workflows-are-deterministic',
      comment: 'Workflow code runs in a sandbox and is replayed: no Node modules, no clients, no database.',
      severity: 'error',
      from: { path: '^workflows/definitions/src/', pathNot: '\\.test\\.ts$|/testing/|contract\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'api-holds-no-cloud',
      comment: 'The API process never holds cloud credentials.',
      severity: 'error',
      from: { path: '^(apps/api|libs/control|libs/store)/' },
      to: { path: 'node_modules/(@aws-sdk|@pulumi|@temporalio/worker)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'test/boundaries/tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
    moduleSystems: ['es6', 'cjs'],
  },
};
