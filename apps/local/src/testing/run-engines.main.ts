import { startEngines } from '../engines.js';

// A supervisor of its own for tests that kill it: says what runs as one JSON line, then stays up.
const engines = await startEngines({ dir: process.argv[2] as string });
const { supervisor, postgres, aws, temporal } = engines;
const pids = [postgres.process, aws.process, temporal.process].map((part) => part.pid);
process.stdout.write(`${JSON.stringify({ guardian: supervisor.guardianPid, pids })}\n`);
