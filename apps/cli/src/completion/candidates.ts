import type { Argument, Command, Option } from 'commander';

/** Something that may stand next on the command line. */
export interface Candidate {
  readonly word: string;
  readonly summary: string;
}

/** Values that only the machine knows, by the name of the argument or the option that takes them. */
export type KnownValues = (name: string) => readonly string[];

/**
 * What may follow the words before the cursor: verbs, options, or the values of the option that comes before.
 * @param words of the line without the program's name; the last one is being typed and may be empty.
 */
export function candidates(program: Command, words: readonly string[], known: KnownValues): Candidate[] {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const [, joined, value] = /^(--[\w-]+)=(.*)$/.exec(last) ?? [];
  if (joined !== undefined && value !== undefined)
    return candidates(program, [...before, joined, value], known).map((one) => ({
      ...one,
      word: `${joined}=${one.word}`,
    }));
  // Bash makes words of their own of what "=" separates.
  const typed = last === '=' ? '' : last;
  const { command, argumentsGiven, awaiting } = walk(program, before);
  const fitting = (all: Candidate[]): Candidate[] => all.filter(({ word }) => word.startsWith(typed));
  if (awaiting) return fitting(valuesOf(awaiting, awaiting.attributeName(), known));
  if (typed.startsWith('-')) return fitting(visibleOptions(command).map(asCandidate));
  const argument = argumentAt(command, argumentsGiven);
  const verbs = command.createHelp().visibleCommands(command);
  return fitting([
    ...verbs.map((verb) => ({ word: verb.name(), summary: verb.description() })),
    ...(argument ? valuesOf(argument, argument.name(), known) : []),
  ]);
}

interface Place {
  readonly command: Command;
  readonly argumentsGiven: number;
  /** The option whose value comes next. */
  readonly awaiting: Option | undefined;
}

/** Follows the words to the command that they name. */
function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let argumentsGiven = 0;
  let awaiting: Option | undefined;
  for (const word of words) {
    if (awaiting && word === '=') continue;
    if (awaiting) awaiting = undefined;
    else if (word.startsWith('-')) {
      const option = visibleOptions(command).find(({ long, short }) => word === long || word === short);
      if (option && (option.required || option.optional)) awaiting = option;
    } else {
      const verb = command.commands.find((one) => one.name() === word);
      if (verb && argumentsGiven === 0) command = verb;
      else argumentsGiven++;
    }
  }
  return { command, argumentsGiven, awaiting };
}

/** Its own and those of all levels above. */
function visibleOptions(command: Command): Option[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
}

function asCandidate({ long, short, description }: Option): Candidate {
  return { word: long ?? short ?? '', summary: description };
}

function argumentAt(command: Command, given: number): Argument | undefined {
  const { registeredArguments: all } = command;
  return all[given] ?? all.findLast(({ variadic }) => variadic);
}

function valuesOf({ argChoices }: Pick<Option, 'argChoices'>, name: string, known: KnownValues): Candidate[] {
  return (argChoices ?? known(name)).map((word) => ({ word, summary: '' }));
}
