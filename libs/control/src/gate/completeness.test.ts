import { Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated, gatedCommands } from './command.js';
import { assertCommandsComplete } from './completeness.js';

const audit = () => ({ subject: null });

@Gated<Complete, void>({ name: 'a.complete', roles: ['ci'], audit })
class Complete extends Command<void> {}
@CommandHandler(Complete)
class CompleteHandler implements ICommandHandler<Complete> {
  async execute(): Promise<void> {}
}

@Gated<Unhandled, void>({ name: 'a.unhandled', roles: ['ci'], audit })
class Unhandled extends Command<void> {}

class Ungated extends Command<void> {}
@CommandHandler(Ungated)
class UngatedHandler implements ICommandHandler<Ungated> {
  async execute(): Promise<void> {}
}

@Gated<Silent, void>({ name: 'a.silent', roles: ['ci'], audit: undefined as never })
class Silent extends Command<void> {}
@CommandHandler(Silent)
class SilentHandler implements ICommandHandler<Silent> {
  async execute(): Promise<void> {}
}

@CommandHandler(Complete)
class SecondHandler implements ICommandHandler<Complete> {
  async execute(): Promise<void> {}
}

@Module({})
class Feature {}

async function boot(providers: (new () => object)[], expected: (new () => object)[]): Promise<void> {
  const context = await NestFactory.createApplicationContext({ module: Feature, providers }, { logger: false });
  try {
    assertCommandsComplete(context.get(ModulesContainer), expected);
  } finally {
    await context.close();
  }
}

describe('assertCommandsComplete', () => {
  it('accepts commands that have policy, audit description and handler', async () => {
    await expect(boot([CompleteHandler], [Complete])).resolves.toBeUndefined();
  });

  it.each([
    ['without a handler', [CompleteHandler], [Complete, Unhandled], /Unhandled has no handler/],
    ['without a policy', [UngatedHandler], [], /Ungated is handled but not gated/],
    ['without an audit description', [SilentHandler], [], /Silent has no audit description/],
    [
      'with two handlers',
      [CompleteHandler, SecondHandler],
      [],
      /Complete has several handlers: CompleteHandler, SecondHandler/,
    ],
  ])('stops the start on a command %s, naming it', async (_, providers, expected, message) => {
    await expect(boot(providers, expected)).rejects.toThrow(message);
  });

  it('expects every gated command of the process unless told otherwise', () => {
    expect(gatedCommands()).toEqual(expect.arrayContaining([Complete, Unhandled, Silent]));
  });
});
