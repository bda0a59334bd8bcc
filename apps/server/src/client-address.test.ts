import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { clientAddressOf, networks } from './client-address.ts'

const from = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as IncomingMessage
const proxies = networks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])

test.each([
  ['nobody between', '203.0.113.5', undefined, '203.0.113.5'],
  ['a stranger who names another', '203.0.113.5', '127.0.0.1', '203.0.113.5'],
  ['our proxy', '10.1.2.3', '203.0.113.5', '203.0.113.5'],
  ['our proxy, on a socket of both kinds', '::ffff:10.1.2.3', '203.0.113.5', '203.0.113.5'],
  ['two of our proxies', '10.1.2.3', '203.0.113.5, 192.0.2.7', '203.0.113.5'],
  ['our proxy, told something by the client', '10.1.2.3', '127.0.0.1, 10.9.9.9, 203.0.113.5', '203.0.113.5'],
  ['our proxy over IPv6', 'fd00::1', '2001:db8::9', '2001:db8::9'],
  ['our proxy, which says nothing', '10.1.2.3', undefined, '10.1.2.3'],
  ['our proxy, which says nonsense', '10.1.2.3', '203.0.113.5, unknown', '10.1.2.3'],
])('takes a request through %s for what it is [A-23]', (_, remote, forwarded, expected) => {
  expect(clientAddressOf(from(remote, forwarded), proxies)).toBe(expected)
})

test('believes nobody unless told to [A-23]', () => {
  expect(clientAddressOf(from('127.0.0.1', '203.0.113.5'), networks([]))).toBe('127.0.0.1')
})

test.each(['10.0.0.0/33', '10.0.0/8', 'example.com', '10.0.0.0/8/8', '', 'fd00::/129', '10.0.0.0/-1', '10.0.0.0/'])(
  'refuses %j for a network',
  (text) => {
    expect(() => networks([text])).toThrow('no address and no network')
  },
)
