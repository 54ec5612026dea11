/** What a host's name says of where it can be reached from. */

/** Whether a bind address, or the name in a Host header, is this machine's loopback; an IPv6 address may have its brackets. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
