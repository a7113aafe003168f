import type { ClientMetadata, Configuration } from 'oidc-provider';

/** Public client of the command line: device authorization grant (RFC 8628), renewed by refresh tokens. */
export const CLI_CLIENT = 'bulkhead-cli';

/** Seconds in which a code must be entered. */
export const DEVICE_CODE_SECONDS = 600;

export const cliClient: ClientMetadata = {
  client_id: CLI_CLIENT,
  client_name: 'Bulkhead command line',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  response_types: [],
  redirect_uris: [],
  id_token_signed_response_alg: 'ES256',
};

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bulkhead: ${title}</title><h1>${title}</h1>${content}</html>`;
}

/** What a person sees in the browser: plain pages, which load nothing from elsewhere. */
export const deviceFlow: NonNullable<Configuration['features']>['deviceFlow'] = {
  enabled: true,
  userCodeInputSource: (context, form, _out, error) => {
    const wrong = error ? '<p>There is no such code, or it was used or has expired.</p>' : '';
    const button = '<button type="submit" form="op.deviceInputForm">Continue</button>';
    context.body = page('Enter the code that the terminal shows', `${wrong}${form}${button}`);
  },
  userCodeConfirmSource: (context, form, _client, _device, userCode) => {
    const buttons =
      '<button type="submit" form="op.deviceConfirmForm">Yes, sign it in</button> ' +
      '<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">No</button>';
    const question = `<p>Does your terminal show <b>${userCode}</b>?</p>`;
    context.body = page('Sign in the command line', `${question}${form}${buttons}`);
  },
  successSource: (context) => {
    context.body = page('Signed in', '<p>Go back to the terminal; this page can be closed.</p>');
  },
};
