import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode) inodes.add(inode);
    } catch {
      // Closed since the folder was read.
    }
  }
  return inodes;
}

/**
 * The addresses on which these processes listen, from /proc/net (proc(5): hexadecimal, little-endian; state 0A is
 * LISTEN). Any but the loopback address comes as it is written there.
 */
export function listeningAddresses(pids: number[]): string[] {
  const addresses = new Set<string>();
  for (const pid of pids) {
    const lines = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').split('\n'));
    const inodes = socketInodes(pid);
    for (const line of lines) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state !== '0A' || !inodes.has(inode)) continue;
      addresses.add(local.startsWith('0100007F:') ? '127.0.0.1' : local);
    }
  }
  return [...addresses];
}
