import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandMaker } from './command.js';
import { buildProgram } from './program.js';

const file = (path: string) => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
const guide = file('docs/guides/cli.md');
const quoted = [...guide.slice(guide.indexOf('## Commands')).matchAll(/`([^`]+)`/g)].map(([, text]) => text as string);

const program = buildProgram(new CommandMaker(process), process);
const help = program.createHelp();
const commands = help
  .visibleCommands(program)
  .filter((noun) => noun.name() !== 'help')
  .flatMap((noun) => {
    const verbs = help.visibleCommands(noun).filter((verb) => verb.name() !== 'help');
    return verbs.length === 0 ? [noun.name()] : verbs.map((verb) => `${noun.name()} ${verb.name()}`);
  });

it('tells of every command, and of none that there is not', () => {
  expect(commands.length).toBeGreaterThan(60);
  expect(commands.filter((command) => !quoted.includes(command))).toEqual([]);
  const nouns = new Set(commands.map((command) => command.split(' ')[0]));
  const told = quoted.filter((text) => /^[a-z-]+ [a-z-]+$/.test(text) && nouns.has(text.split(' ')[0]));
  expect(told.filter((command) => !commands.includes(command))).toEqual([]);
});

it('names shapes that the OpenAPI document has', () => {
  const { components } = JSON.parse(file('libs/client/openapi.json'));
  const shapes = quoted.flatMap((text) => text.match(/\b[A-Z][a-z]\w+\b/g) ?? []);
  expect(shapes.length).toBeGreaterThan(20);
  expect(shapes.filter((shape) => !(shape in components.schemas) && shape !== 'Lines')).toEqual([]);
});
