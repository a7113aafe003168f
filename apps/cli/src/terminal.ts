/** What a command may touch of the process that it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  /** Data only. */
  readonly stdout: NodeJS.WriteStream;
  /** Progress, notes and errors. */
  readonly stderr: NodeJS.WriteStream;
  /** What to say when Ctrl-C ends the command, for as long as there is something to say. */
  whenInterrupted?: string | undefined;
}

/** Whether this is a build or test machine, as all of them say. */
export function isCi({ env }: Pick<Terminal, 'env'>): boolean {
  return Boolean(env.CI) && env.CI !== 'false';
}

/** Whether a terminal is there at all. One stream is enough: a person may have sent the others to a file and read it. */
export function hasTerminal({ stdin, stdout, stderr }: Terminal): boolean {
  return stdin.isTTY || stdout.isTTY || stderr.isTTY;
}

/** Whether somebody sits there who can answer. Never in CI, whatever its terminal claims to be. */
export function isInteractive(terminal: Terminal): boolean {
  return terminal.stdin.isTTY && terminal.stderr.isTTY && !isCi(terminal);
}

/** Text of a server, made harmless for a terminal: control characters and changes of direction could forge lines. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
