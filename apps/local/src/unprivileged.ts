import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { localError } from './local-error.js';

export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The operating system's user for Postgres servers, which refuse to run as root: undefined when this process is an
 * ordinary user's. As root an existing account is used, because making one would change the machine.
 */
export function serverUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const wanted of ['postgres', 'nobody']) {
    const [name, , uid, gid] = accounts.find((line) => line.startsWith(`${wanted}:`))?.split(':') ?? [];
    if (name && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw localError(
    'local_no_server_user',
    'Postgres refuses to run as root, and the accounts "postgres" and "nobody" do not exist.',
    'Start as an ordinary user, or make one of these accounts.',
  );
}

// The folders on the way that only their owner may enter.
function closedFolder(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * How to run a command as the server user. Where a folder on the way (say /root) lets nobody else in, the process keeps
 * the one capability that walks past folder permissions; everything else of root it loses.
 * @throws BulkheadError `local_folder_closed` where that needs `setpriv` (util-linux) and it is not there.
 */
export function asServerUser(command: string, args: readonly string[], paths: readonly string[]): Invocation {
  const user = serverUser();
  if (!user) return { command, args };
  const closed = [command, ...paths].map(closedFolder).find((folder) => folder !== undefined);
  if (closed === undefined) return { command, args, uid: user.uid, gid: user.gid };
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file));
  if (setpriv === undefined) {
    throw localError(
      'local_folder_closed',
      `Postgres refuses to run as root, and the account "${user.name}" may not enter ${closed}.`,
      'Put the clone where others may enter (say /opt), or start as an ordinary user.',
    );
  }
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const capability = [
    '--bounding-set=-all,+dac_override',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
  ];
  return { command: setpriv, args: [...identity, ...capability, command, ...args] };
}

/** Gives a folder and all in it to the server user; does nothing where the servers run as the caller. */
export function giveToServerUser(path: string): void {
  const user = serverUser();
  if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, path]);
}
