import { Browser, locationOf } from './browser.js';

/** The fields that a page's form would send. */
function fieldsOf(page: string): Record<string, string> {
  const hidden = page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g);
  return Object.fromEntries([...hidden].map(([, name = '', value = '']) => [name, value]));
}

/**
 * What a person does in the browser to let a device in (RFC 8628, section 3.3): enters the code, looks at it, and says
 * yes as a demo user; `no` says no.
 * @returns the last page
 */
export async function enterCode(verificationUri: string, code: string, user: string): Promise<string> {
  const browser = new Browser();
  const asked = await (await browser.go(verificationUri)).text();
  const confirmation = await (await browser.go(verificationUri, { ...fieldsOf(asked), user_code: code })).text();
  const answer = { ...fieldsOf(confirmation), ...(user === 'no' && { abort: 'yes' }) };
  const answered = await browser.go(verificationUri, answer);
  if (user === 'no' || answered.status === 200) return await answered.text();
  const login = locationOf(answered, verificationUri);
  await browser.go(login);
  let next = locationOf(await browser.go(login, { user }), verificationUri);
  for (let hop = 0; hop < 5; hop++) {
    const response = await browser.go(next);
    if (response.status === 200) return await response.text();
    next = locationOf(response, verificationUri);
  }
  throw new Error(`The provider never came to an end: ${next}`);
}
