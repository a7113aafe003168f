import { randomBytes, randomUUID } from 'node:crypto';
import { finding, type Finding, type IsolationRule, type ProofMode } from '@bulkhead/domain/isolation';
import type { Collected } from '../collected.js';
import { sampleBody } from './sample-body.js';
import type { RouteAnswer, RoutesTarget } from './target.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
/** Those that change nothing (RFC 9110, section 9.2.1). */
const SAFE = ['get', 'head', 'options'];
/** They differ between any two answers, or count what the caller does. */
const VOLATILE = /^(date|age|etag|x-request-id|content-length|keep-alive|connection|(x-)?ratelimit.*|server-timing)$/i;

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: unknown;
  readonly open: boolean;
}

/**
 * Tries every route of the document: as A with what is B's, and with tokens that must be refused. The answer for B's id
 * must be the one for an id that names nothing. On live services only routes that change nothing are tried; the others
 * must ask for a token, and are tried on copies.
 */
export async function proveRoutes(target: RoutesTarget, mode: ProofMode, collected: Collected): Promise<void> {
  const all = routesOf(target);
  collected.looked('routes', all.length);
  const routes = mode === 'copy' ? all : all.filter(({ method }) => SAFE.includes(method));
  if (mode === 'live') judgeUntried(target, all, routes, collected);
  if (all.length < target.leastRoutes) collected.void(`The document has ${all.length} routes.`);
  const closed = routes.filter(({ open }) => !open);
  collected.looked('routes that ask for a token', closed.length);
  if (closed.length === 0) collected.void('No route asks for a token.');
  const named = closed.filter(({ path }) => path.includes('{'));
  if (target.tokens) {
    for (const route of named) await crossById(target, route, target.tokens, collected);
    collected.looked('routes with an id', named.length);
    for (const route of closed)
      if (!route.path.includes('{')) await crossByBody(target, route, target.tokens.a, collected);
    const lists = closed.filter(({ path, method }) => !path.includes('{') && method === 'get');
    for (const route of lists) await listed(target, route, target.tokens, collected);
    collected.looked('lists', lists.length);
  }
  const refused = mode === 'copy' ? { ...target.refused, missing: undefined } : target.refused;
  for (const route of closed) await refuseTokens(target, route, refused, collected);
  collected.looked('wrong tokens', Object.keys(target.refused).length);
  if (Object.keys(target.refused).length === 0) collected.void('No wrong token was tried.');
  if ((await target.stillGood?.()) === false)
    collected.void('A token that was refused was not good any more, so refusals decide nothing.');
}

function judgeUntried(
  target: RoutesTarget,
  all: readonly Route[],
  tried: readonly Route[],
  collected: Collected,
): void {
  const untried = all.filter((route) => !tried.includes(route));
  collected.looked('changing routes judged by the document', untried.length);
  for (const route of untried)
    if (route.open)
      collected.found([
        finding('route_unguarded', { target: target.name, object: nameOf(route), detail: '', shown: 'static' }),
      ]);
}

function routesOf({ document }: RoutesTarget): Route[] {
  const { security: whole } = document as { security?: readonly object[] };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => {
        const { security = whole } = operation as { security?: readonly object[] };
        return { method, path, operation, open: security === undefined || security.length === 0 };
      }),
  );
}

const nameOf = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`;

function reporter(target: RoutesTarget, route: Route) {
  return (rule: IsolationRule, detail: string): Finding =>
    finding(rule, { target: target.name, object: nameOf(route), detail, shown: 'probe:routes' });
}

/** B's id of the innermost thing that the path names. */
function idFor({ things }: RoutesTarget, path: string): string | undefined {
  const known = Object.keys(things).filter((one) => path === one || path.startsWith(`${one}/`));
  return things[known.toSorted((one, two) => two.length - one.length)[0] ?? ''];
}

/** Of the same shape, and nobody's: the last twelve digits are others. */
function madeUp(id: string): string {
  const tail = randomBytes(6).toString('hex');
  return id.length > 12 ? id.slice(0, -12) + tail : id + tail;
}

async function crossById(
  target: RoutesTarget,
  route: Route,
  tokens: { readonly a: string; readonly b: string },
  collected: Collected,
): Promise<void> {
  const id = idFor(target, route.path);
  if (id === undefined) {
    collected.void(`${nameOf(route)}: nothing of another tenant is known that it could name.`);
    return;
  }
  const nobodys = madeUp(id);
  const theirs = await call(target, route, tokens.a, id);
  const nothing = await call(target, route, tokens.a, nobodys);
  const report = reporter(target, route);
  if (theirs.status < 400) {
    collected.found([report('route_open', `Another tenant’s id was answered with ${theirs.status}.`)]);
    return;
  }
  const [one, two] = [comparable(theirs, id), comparable(nothing, nobodys)];
  if (one !== two)
    collected.found([report('route_tells', `${theirs.status} for another’s id, ${nothing.status} for nobody’s.`)]);
  if ([400, 415, 422, 429].includes(theirs.status) || theirs.status >= 500 || theirs.status === 401)
    collected.void(`${nameOf(route)}: answered ${theirs.status} before the id was looked up.`);
  if (route.method === 'get') {
    const own = await call(target, route, tokens.b, id);
    if (own.status >= 400) collected.void(`${nameOf(route)}: its owner gets ${own.status}, so nothing was tried.`);
  }
}

/** A body that refers to what is B's must be answered as one that refers to nothing. */
async function crossByBody(target: RoutesTarget, route: Route, token: string, collected: Collected): Promise<void> {
  const theirs = Object.values(target.references);
  const said = JSON.stringify(bodyOf(target, route) ?? '');
  const referred = theirs.find((id) => said.includes(id));
  if (referred === undefined) return;
  const nobodys = madeUp(referred);
  const references = Object.entries(target.references).map(([name, id]) => [name, id === referred ? nobodys : id]);
  const answer = await call(target, route, token, '');
  const nothing = await call({ ...target, references: Object.fromEntries(references) }, route, token, '');
  const report = reporter(target, route);
  if (answer.status < 400) collected.found([report('route_open', 'A body may refer to what is another tenant’s.')]);
  else if (comparable(answer, referred) !== comparable(nothing, nobodys))
    collected.found([
      report('route_tells', `${answer.status} for another’s id in the body, ${nothing.status} for nobody’s.`),
    ]);
}

async function listed(
  target: RoutesTarget,
  route: Route,
  tokens: { readonly a: string; readonly b: string },
  collected: Collected,
): Promise<void> {
  const answer = await call(target, route, tokens.a, '');
  if (!isFine(answer)) collected.void(`${nameOf(route)}: a list that answers ${answer.status} shows nothing.`);
  const known = target.things[`${route.path}/{id}`];
  if (known !== undefined && !(await call(target, route, tokens.b, '')).body.includes(known))
    collected.void(`${nameOf(route)}: its owner is not shown ${known}, so nothing was tried.`);
  const ids = Object.values(target.things);
  if (ids.some((id) => answer.body.includes(id)))
    collected.found([reporter(target, route)('route_open', 'A list shows what is another tenant’s.')]);
}

const isFine = ({ status }: RouteAnswer): boolean => status >= 200 && status < 300;

async function refuseTokens(
  target: RoutesTarget,
  route: Route,
  refused: Readonly<Record<string, string | undefined>>,
  collected: Collected,
): Promise<void> {
  const id = idFor(target, route.path) ?? randomUUID();
  for (const [wrong, token] of Object.entries(refused)) {
    const { status } = await call(target, route, token, id);
    if (status === 429 || status >= 500) collected.void(`${nameOf(route)}: a token ${wrong} got ${status}.`);
    else if (status !== 401)
      collected.found([reporter(target, route)('token_accepted', `A token ${wrong} got ${status}.`)]);
  }
}

async function call(target: RoutesTarget, route: Route, token: string | undefined, id: string): Promise<RouteAnswer> {
  const body = bodyOf(target, route);
  return target.send({
    method: route.method.toUpperCase(),
    path: route.path.replaceAll(/\{[^}]+\}/g, encodeURIComponent(id)),
    headers: {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(route.method !== 'get' && { 'idempotency-key': randomUUID(), 'if-match': '*' }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Given bodies take the references, too. */
function bodyOf({ document, references, bodies }: RoutesTarget, route: Route): unknown {
  const given = bodies[nameOf(route)];
  if (!given) return sampleBody(document, route.operation, references);
  const known = Object.entries(references).filter(([name]) => Object.hasOwn(given, name));
  return { ...given, ...Object.fromEntries(known) };
}

/** What two answers are compared by: everything but the id itself and what differs between any two requests. */
function comparable({ status, headers, body }: RouteAnswer, id: string): string {
  const kept = Object.entries(headers)
    .filter(([name]) => !VOLATILE.test(name))
    .map(([name, value]) => `${name.toLowerCase()}: ${value.replaceAll(id, '<id>')}`);
  const text = body.replaceAll(id, '<id>').replaceAll(/"(requestId|traceId|instance)":"[^"]*"/g, '"$1":"…"');
  return [status, ...kept.toSorted(), text].join('\n');
}
