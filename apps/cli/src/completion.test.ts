import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Cli } from './testing/run-cli.js';

const BIN = fileURLToPath(new URL('../bin/bulkhead.mjs', import.meta.url));

const cli = new Cli();
beforeAll(() => {
  symlinkSync(BIN, join(cli.home, 'bulkhead'));
  const named = (name: string) => [name, { url: 'http://127.0.0.1:1' }];
  mkdirSync(dirname(cli.contexts), { recursive: true });
  const contexts = Object.fromEntries([named('staging'), named('production')]);
  writeFileSync(cli.contexts, JSON.stringify({ current: null, contexts }), { mode: 0o600 });
});
afterAll(() => cli.remove());

/** What bash offers for a line with the cursor at its end: it loads the script and calls the function that it names. */
async function bashOffers(line: string): Promise<string[]> {
  const words = line.split(/(?<==)|(?==)| /);
  const script = `
    source <(bulkhead completion bash)
    function_of=$(complete -p bulkhead | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length - 1}
    $function_of bulkhead
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const path = [cli.home, dirname(process.execPath), process.env.PATH].join(':');
  const env = { HOME: cli.home, PATH: path };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env, cwd: cli.home });
  return stdout.split('\n').filter(Boolean);
}

describe('bash, asked to complete', () => {
  it.each([
    ['bulkhead oper', ['operations']],
    ['bulkhead operations ', ['list', 'get', 'watch', 'retry', 'cancel', 'help']],
    ['bulkhead operations re', ['retry']],
    ['bulkhead operations list --st', ['--state']],
    ['bulkhead tenants list --conte', ['--context']],
    ['bulkhead tenants list -o ', ['table', 'json', 'yaml', 'name', 'sarif']],
    ['bulkhead tenants list --output=j', ['json']],
    ['bulkhead -o json tenants li', ['list']],
    ['bulkhead contexts use ', ['staging', 'production']],
    ['bulkhead --context pro', ['production']],
    ['bulkhead support request riverside --kind b', ['break-glass']],
    ['bulkhead completion ', ['bash', 'zsh', 'fish']],
    ['bulkhead tenants get rive', []],
    ['bulkhead nonsense ', []],
  ])('%s', async (line, expected) => {
    const offered = await bashOffers(line);
    // Without a noun that it knows, it can only offer the nouns again.
    expect(line.includes('nonsense') ? offered.filter((word) => word === 'nonsense') : offered).toEqual(expected);
  });

  it('a line that holds a command: it is not carried out', async () => {
    await bashOffers('bulkhead tenants get $(touch${IFS}made)');
    expect(await cli.run(['complete', '--', 'tenants', 'get', '`id`'])).toMatchObject({ code: 0, stdout: '' });
    expect((await promisify(execFile)('ls', [cli.home])).stdout).not.toContain('made');
  });
});

it('offers every noun and says what it is for; what scripts ask is hidden from people', async () => {
  const { stdout } = await cli.run(['complete', '--', '']);
  expect(stdout).toMatch(/^tenants\tCustomers: /m);
  expect(stdout).not.toMatch(/^complete\t/m);
  expect((await cli.run(['--help'])).stdout).not.toMatch(/^ {2}complete /m);
});

it.each(['zsh', 'fish'])('prints a script for %s that asks the same', async (shell) => {
  const { code, stdout, stderr } = await cli.run(['completion', shell]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('complete --');
});
