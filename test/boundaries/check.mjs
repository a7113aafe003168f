// Checks the import rules, and that the checker saw the code at all: with a compiler that it cannot load,
// dependency-cruiser reports no modules and no violations.
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from './rules.cjs';

const LEAST_MODULES = 150;
const LEAST_LINKS_BETWEEN_PARTS = 60;

const { forbidden, options } = rules;
const { output } = await cruise(
  ['apps', 'libs', 'infra', 'workflows', 'test'],
  { ruleSet: { forbidden }, validate: true, ...options },
  undefined,
  { tsConfig: extractTSConfig(options.tsConfig.fileName) },
);

const part = (path) => path.split('/').slice(0, 2).join('/');
const ours = output.modules.filter(({ source }) => !source.includes('node_modules'));
const links = ours.flatMap(({ source, dependencies }) =>
  dependencies.filter(
    ({ resolved }) => /^(apps|libs|infra|workflows|test)\//.test(resolved) && part(resolved) !== part(source),
  ),
);
for (const { from, to, rule } of output.summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
const blind = ours.length < LEAST_MODULES || links.length < LEAST_LINKS_BETWEEN_PARTS;
if (blind)
  console.error(`Saw only ${ours.length} modules and ${links.length} links between parts: the check is blind.`);
console.log(`${ours.length} modules, ${links.length} links between parts, ${output.summary.error} violations`);
process.exitCode = output.summary.error > 0 || blind ? 1 : 0;
