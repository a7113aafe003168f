import { readdir, readFile } from 'node:fs/promises';
import { parseTemplates, TEMPLATE_FOLDERS, type TemplateSource } from '@bulkhead/domain';
import { openControlDatabase } from '@bulkhead/store';
import { NestFactory } from '@nestjs/core';
import { CatalogCommandsModule } from '../features/catalog/catalog.commands.module.js';
import { PublishTemplates } from '../features/catalog/publish-templates.js';
import { CommandGate, GateModule, WORKER, type Call } from '../gate/index.js';

const ROOT = new URL('../../../../tenant-templates/', import.meta.url);

export const WORKER_CALL: Call = { principal: WORKER };

/** Publishes the templates that the product ships, as the worker does when it starts. */
export async function publishShippedCatalog(workerUrl: string): Promise<void> {
  const { tiers, plans, eligibility, prices } = parseTemplates(await shippedTemplates());
  const source = await openControlDatabase(workerUrl, 2);
  const context = await NestFactory.createApplicationContext(
    { module: CatalogCommandsModule, imports: [GateModule.over(source)] },
    { logger: false },
  );
  try {
    const publish = new PublishTemplates({ tiers, plans, eligibility, prices });
    await context.get(CommandGate, { strict: false }).execute(publish, WORKER_CALL);
  } finally {
    await context.close();
    await source.destroy();
  }
}

async function shippedTemplates(): Promise<TemplateSource[]> {
  const sources = Object.keys(TEMPLATE_FOLDERS).map(async (folder) => {
    const names = await readdir(new URL(`${folder}/`, ROOT));
    const read = async (file: string) => ({ file, text: await readFile(new URL(file, ROOT), 'utf8') });
    return Promise.all(names.map((name) => read(`${folder}/${name}`)));
  });
  return (await Promise.all(sources)).flat();
}
