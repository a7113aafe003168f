import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';

/**
 * Finds the Temporal CLI where the local stack's bootstrap puts it; BULKHEAD_TOOL_TEMPORAL names another.
 * @throws Error naming the file that is missing.
 */
export function locateTemporal(): string {
  const { BULKHEAD_TOOLS_DIR, XDG_CACHE_HOME, BULKHEAD_TOOL_TEMPORAL } = process.env;
  const tools = JSON.parse(readFileSync(new URL('../../../../apps/local/tools.json', import.meta.url), 'utf8')) as {
    python: { folder: string };
  };
  const root = BULKHEAD_TOOLS_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'bulkhead', 'tools');
  const file =
    BULKHEAD_TOOL_TEMPORAL ??
    join(root, `${tools.python.folder}-${process.platform}-${process.arch}`, 'bin', 'temporal');
  if (!existsSync(file)) throw new Error(`${file} is not there: run \`npm run build\`, which brings the tools`);
  return file;
}

let quiet = false;

/** A Temporal development server of its own, in memory, with the settings of the local stack. End it with `teardown()`. */
export async function startTestTemporal(): Promise<TestWorkflowEnvironment> {
  // Failing workflows and activities are what the tests are about: their warnings would bury everything else.
  if (!quiet) {
    const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter } },
      shutdownSignals: [],
    });
  }
  quiet = true;
  const settings = [
    'history.transferProcessorMaxPollRPS=1000',
    'matching.enableFairness=true',
    'matching.numTaskqueueReadPartitions=1',
    'matching.numTaskqueueWritePartitions=1',
    'history.maxInFlightUpdates=200',
  ];
  const extraArgs = ['--search-attribute', 'TenantId=Keyword', '--log-level', 'error'];
  for (const setting of settings) extraArgs.push('--dynamic-config-value', setting);
  return TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: locateTemporal() }, ip: '127.0.0.1', extraArgs },
  });
}
