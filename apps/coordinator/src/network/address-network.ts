/** Whom an address belongs to, as far as that can be told. */

/** An IPv6 network of 64 bits is what one household or machine is given: it may take any address within. */
const GROUPS = 4;

/** The address itself, or the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  const [bare] = address.split('%');
  if (!bare.includes(':')) return bare;
  const at = bare.indexOf('::');
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'));
  const front = groupsOf(at < 0 ? bare : bare.slice(0, at));
  const back = groupsOf(at < 0 ? '' : bare.slice(at + 2));
  // What `::` stands for.
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return `${[...front, ...zeros, ...back].slice(0, GROUPS).join(':')}::/64`;
}
