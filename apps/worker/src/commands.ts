import { assertCommandsComplete, COMMAND_MODULES, GateModule } from '@bulkhead/control';
import { nestLogger, type Logger } from '@bulkhead/runtime';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { DataSource } from 'typeorm';

@Module({})
class WorkerModule {
  static over(source: DataSource): DynamicModule {
    return { module: WorkerModule, imports: [GateModule.over(source), ...COMMAND_MODULES] };
  }
}

/** The control plane's commands in this process, complete or not at all. */
export async function openCommands(source: DataSource, logger: Logger): Promise<INestApplicationContext> {
  const context = await NestFactory.createApplicationContext(WorkerModule.over(source), {
    logger: nestLogger(logger),
    abortOnError: false,
  });
  assertCommandsComplete(context.get(ModulesContainer));
  return context;
}
