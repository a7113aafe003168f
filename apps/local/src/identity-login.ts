import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import { DEMO_USERS } from './local-secrets.js';

/** Path of the page on which a person picks a demo user. */
export const LOGIN_PATH = '/login/';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bulkhead: choose a demo user</title>
<h1>Choose a demo user</h1><p>Development only: no password is asked.</p><form method="post">
${DEMO_USERS.map((user) => `<p><button name="user" value="${user}">${user}</button></p>`).join('\n')}
</form></html>`;

async function chosenUser(request: IncomingMessage): Promise<string | undefined> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 1024) return undefined;
  }
  const user = new URLSearchParams(text).get('user');
  return DEMO_USERS.find((known) => known === user);
}

/**
 * Answers the login page: GET shows the demo users, POST signs one in. The interaction's cookie ties it to the browser
 * that began the authorization request.
 */
export async function answerLogin(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await provider.interactionDetails(request, response);
  } catch {
    response.writeHead(400, { 'content-type': 'text/plain' });
    response.end('This login has expired. Start again from the application.');
    return;
  }
  const user = request.method === 'POST' ? await chosenUser(request) : undefined;
  if (user !== undefined) {
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: user } },
      { mergeWithLastSubmission: false },
    );
    return;
  }
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  });
  response.end(PAGE);
}
