const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '[::1]', 'localhost']);

/**
 * Whether a host, as an address or as a URL names it, is this machine: what goes there leaves no trace on a network.
 * Other names and addresses that lead here are taken for foreign ones.
 */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/** Whether credentials may travel to an address: https, or http on this machine. */
export function isSafeAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
