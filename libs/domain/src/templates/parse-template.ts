import { BulkheadError } from '@bulkhead/kernel';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { templateProblems } from './check-templates.js';
import { templateDigest } from './template-digest.js';
import { TEMPLATE_SCHEMAS } from './template-schemas.js';
import {
  TEMPLATE_FOLDERS,
  type ParsedTemplate,
  type TemplateBodies,
  type TemplateKind,
  type TemplateProblem,
  type TemplateSet,
  type TemplateSource,
} from './template-types.js';
import { pointerSegment, readYaml, type YamlDocument } from './yaml-document.js';

const ajv = new Ajv2020({ allErrors: true, strict: true });

/** ajv compiles a schema once and remembers it by its object. */
function validator<K extends TemplateKind>(kind: K): ValidateFunction<TemplateBodies[K]> {
  return ajv.compile<TemplateBodies[K]>(TEMPLATE_SCHEMAS[kind]);
}

/** The error of this module: every problem of every file at once, so that an author mends them in one go. */
export function invalidTemplate(problems: readonly TemplateProblem[]): BulkheadError {
  const files = [...new Set(problems.map((problem) => problem.file))].toSorted();
  return new BulkheadError({
    code: 'invalid_template',
    status: 422,
    publicMessage: `${problems.length} problem${problems.length === 1 ? '' : 's'} in ${files.join(', ')}: ${problems[0]?.message ?? ''}`,
    remediation:
      'Mend the lines named in errors[]; tenant-templates/schema describes every field, and an editor with YAML schema support marks them.',
    errors: problems,
  });
}

/**
 * Reads one template. Pure: the caller reads the file.
 * @param file shown in problems, e.g. `tiers/pooled.yaml`.
 * @throws BulkheadError `invalid_template` (422) whose errors are {@link TemplateProblem}s: file, line, column, pointer.
 */
export function parseTemplate<K extends TemplateKind>(kind: K, text: string, file: string): ParsedTemplate<K> {
  const document = readYaml(text, file);
  if (document.problems.length > 0) throw invalidTemplate(document.problems);
  const validate = validator(kind);
  const body = document.value;
  if (!validate(body)) throw invalidTemplate((validate.errors ?? []).map((error) => schemaProblem(document, error)));
  return {
    kind,
    file,
    body,
    digest: templateDigest(body),
    problemAt: (pointer, message) => document.problemAt(pointer, message),
  };
}

/**
 * Reads a whole tenant-templates folder that the caller has listed: every file is parsed, then the references between
 * them are checked. Files under `schema/` are not templates and must not be passed.
 * @throws BulkheadError `invalid_template` (422) with the problems of all files.
 */
export function parseTemplates(sources: readonly TemplateSource[]): TemplateSet {
  const problems: TemplateProblem[] = [];
  const parsed: Record<TemplateKind, ParsedTemplate[]> = {
    tier: [],
    plan: [],
    'policy-pack': [],
    onboarding: [],
    eligibility: [],
    'price-table': [],
  };
  for (const { file, text } of sources) {
    const kind = kindOf(file);
    if (kind === undefined) {
      problems.push({
        file,
        line: 1,
        column: 1,
        pointer: '',
        message: `${file}:1:1 Templates lie in ${Object.keys(TEMPLATE_FOLDERS).join(', ')}.`,
      });
      continue;
    }
    try {
      parsed[kind].push(parseTemplate(kind, text, file));
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      problems.push(...(error.errors as readonly TemplateProblem[]));
    }
  }
  const set = {
    tiers: parsed.tier,
    plans: parsed.plan,
    policyPacks: parsed['policy-pack'],
    onboarding: parsed.onboarding,
    eligibility: parsed.eligibility,
    prices: parsed['price-table'],
  } as TemplateSet;
  // A file that did not parse would make its referrers look wrong too: report the root cause alone.
  if (problems.length === 0) problems.push(...templateProblems(set));
  if (problems.length > 0) throw invalidTemplate(problems);
  return set;
}

/**
 * Checks what one file cannot know: references, eligibility both ways, retention floors, unique name and version.
 * @throws BulkheadError `invalid_template` (422).
 */
export function checkTemplates(set: TemplateSet): void {
  const problems = templateProblems(set);
  if (problems.length > 0) throw invalidTemplate(problems);
}

function kindOf(file: string): TemplateKind | undefined {
  const match = /^([a-z-]+)\/[^/]+\.yaml$/.exec(file);
  const folder = match?.[1];
  return folder !== undefined && Object.hasOwn(TEMPLATE_FOLDERS, folder)
    ? TEMPLATE_FOLDERS[folder as keyof typeof TEMPLATE_FOLDERS]
    : undefined;
}

function schemaProblem(document: YamlDocument, error: ErrorObject): TemplateProblem {
  const { instancePath: pointer, params } = error;
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty']);
      const problem = document.problemAt(pointer, `Unknown property "${name}".`, name);
      return { ...problem, pointer: `${pointer}/${pointerSegment(name)}` };
    }
    case 'required': {
      const name = String(params['missingProperty']);
      const problem = document.problemAt(pointer, `Property "${name}" is missing.`);
      return { ...problem, pointer: `${pointer}/${pointerSegment(name)}` };
    }
    case 'enum':
      return document.problemAt(
        pointer,
        `Must be one of ${(params['allowedValues'] as readonly string[]).join(', ')}.`,
      );
    default:
      return document.problemAt(pointer, `${sentence(error.message ?? 'is invalid')}.`);
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
