import { openControlDatabase } from '../data-source.js';
import { newSigner, RecordingAnchor } from './audit.fixture.js';
import { AuditSequencer } from './audit-sequencer.js';

// A sequencer in a process of its own, for tests that kill it: node sequencer-process.fixture.js <url>, key in PEM.
const source = await openControlDatabase(process.argv[2] ?? '', 2);
const onError = (error: unknown): void => void process.stderr.write(`${String(error)}\n`);
const signer = newSigner(process.env.PEM);
await new AuditSequencer({ source, signer, anchor: new RecordingAnchor(), onError, pollMs: 1, anchorMs: 5 }).run(
  new AbortController().signal,
);
