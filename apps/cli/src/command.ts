import { Command } from 'commander';
import { EXIT, type ExitCode } from './exit-code.js';
import { Session, type CommonOptions } from './session.js';
import type { Terminal } from './terminal.js';

/** What a command does. The options are its own and those of all levels above. */
export type Work<O> = (session: Session, options: O & CommonOptions, ...args: string[]) => Promise<ExitCode | void>;

/** Makes commands that work in one terminal, and keeps the exit code of the one that ran. */
export class CommandMaker {
  exitCode: ExitCode = EXIT.ok;
  /** Known once a command runs; errors are then reported as its options say. */
  debug = false;
  /** What shows the things of the kind that the command which ran was given, where there is such a command. */
  listing: string | undefined;
  /** Known once all commands are there. */
  root = new Command();

  constructor(private readonly terminal: Terminal) {}

  /** A noun, whose verbs are added to it. */
  noun(name: string, summary: string): Command {
    return new Command(name).description(summary);
  }

  #listingFor({ registeredArguments: [named], parent }: Command): string | undefined {
    if (!named) return undefined;
    const noun = this.root.commands.find((one) => one.name() === `${named.name()}s`) ?? parent;
    return noun?.commands.some((verb) => verb.name() === 'list') ? `bulkhead ${noun.name()} list` : undefined;
  }

  /** What to hand to `Command.action`. */
  does<O = object>(work: Work<O>): (this: Command) => Promise<void> {
    const run = async (command: Command): Promise<void> => {
      const options = command.optsWithGlobals<O & CommonOptions>();
      this.debug = options.debug === true;
      this.listing = this.#listingFor(command);
      this.exitCode = (await work(new Session(this.terminal, options), options, ...command.processedArgs)) ?? EXIT.ok;
    };
    return async function (this: Command): Promise<void> {
      await run(this);
    };
  }
}
