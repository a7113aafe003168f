import { createAutomation } from '../automation.js';
import type { AutomationConfig } from '../config.js';
import type { RunRequest } from '../run-request.js';

// A worker in a process of its own, which a test may kill. Prints each event of the run, and the code of
// its error if it fails, as JSON lines.
const { config, run } = JSON.parse(process.argv[2] ?? '{}') as { config: AutomationConfig; run: RunRequest };
const automation = await createAutomation(config);
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
try {
  await automation.run({ ...run, onEvent: print });
} catch (error) {
  print({ failed: (error as { code?: string }).code ?? String(error) });
}
await automation.close();
