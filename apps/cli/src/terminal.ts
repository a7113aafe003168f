/** What a command may touch of the process that it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  /** Data only. */
  readonly stdout: NodeJS.WriteStream;
  /** Progress, notes and errors. */
  readonly stderr: NodeJS.WriteStream;
}

/** Whether somebody sits there who can answer. Never in CI, whatever its terminal claims to be. */
export function isInteractive({ env, stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY && !env.CI;
}

/** Text of a server, made harmless for a terminal: control characters and changes of direction could forge lines. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
