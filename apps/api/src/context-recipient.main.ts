import { boxPublicKey, tokenServiceKeys } from '@bulkhead/domain/context';
import { BulkheadError } from '@bulkhead/kernel';
import { readTokenSecret } from './token-secret.js';

// Prints the public key that workers seal context keys for (BULKHEAD_CONTEXT_RECIPIENT), from the token key file.
const [file = process.env['BULKHEAD_TOKEN_KEY_FILE'] ?? ''] = process.argv.slice(2);
try {
  process.stdout.write(`${boxPublicKey(tokenServiceKeys(await readTokenSecret(file)).box)}\n`);
} catch (error) {
  if (!(error instanceof BulkheadError)) throw error;
  process.stderr.write(`${error.publicMessage} ${error.remediation}\n`);
  process.exitCode = 1;
}
