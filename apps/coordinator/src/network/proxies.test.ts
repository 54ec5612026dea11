import { describe, expect, it } from 'vitest';
import { TrustedProxies } from './proxies.ts';

const proxies = new TrustedProxies(['10.0.0.1', '192.168.0.0/16', 'fd00::/8']);
const client = (address: string, forwarded?: string) => proxies.clientOf(address, { 'x-forwarded-for': forwarded });

describe('the address behind a proxy', () => {
  it.each([
    ['a stranger that says it is another', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a proxy that says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['a client of a proxy', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['what a client made up before its proxy wrote', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['a chain of proxies', '10.0.0.1', '198.51.100.1, 192.168.7.7', '198.51.100.1'],
    ['only proxies', '10.0.0.1', '192.168.7.7', '192.168.7.7'],
    ['words', '10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['nothing between commas', '10.0.0.1', '198.51.100.1,', '10.0.0.1'],
    ['a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['IPv6 with a port', 'fd00::1', '[2001:db8::5]:4711', '2001:db8::5'],
    ['IPv6', 'fd00::1', '2001:db8::5', '2001:db8::5'],
    ['IPv4 mapped into IPv6', '10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
    ['an address with a zone', 'fd00::1%eth0', '198.51.100.1', '198.51.100.1'],
    ['an address beside a trusted one', '10.0.0.2', '198.51.100.1', '10.0.0.2'],
  ])('is that of %s', (_, address, forwarded, found) => {
    expect(client(address, forwarded)).toBe(found);
  });

  it('is looked for a bounded number of hops', () => {
    const many = Array.from({ length: 1000 }, () => '192.168.1.1').join(',');
    expect(client('10.0.0.1', `198.51.100.1,${many}`)).toBe('192.168.1.1');
  });

  it('is the own one where no proxy is trusted', () => {
    const none = new TrustedProxies([]);
    expect(none.clientOf('127.0.0.1', { 'x-forwarded-for': '1.2.3.4' })).toBe('127.0.0.1');
  });
});

describe('the scheme behind a proxy', () => {
  it.each([
    ['10.0.0.1', 'https', 'https'],
    ['10.0.0.1', 'HTTP, https', 'http'],
    ['10.0.0.1', 'gopher', undefined],
    ['10.0.0.1', undefined, undefined],
    ['203.0.113.9', 'https', undefined],
  ])('from %s saying %s is %s', (address, written, scheme) => {
    expect(proxies.schemeOf(address, { 'x-forwarded-proto': written })).toBe(scheme);
  });
});
