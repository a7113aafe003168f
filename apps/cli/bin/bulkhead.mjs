#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/main.js', import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  process.stderr.write('The command line is not built yet.\nRun `npm run build` first.\n');
  process.exitCode = 1;
}
