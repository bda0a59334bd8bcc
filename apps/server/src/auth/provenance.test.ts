import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { StatusError } from '@virtdeck/k8s'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { assertHost, assertNotForeign, assertOrigin, ownOrigins } from './provenance.ts'

vi.setConfig({ testTimeout: propertyTimeoutMs })

const behindIngress = ownOrigins({ publicOrigin: 'https://vms.example.com', host: '0.0.0.0', port: 8080 })
const local = ownOrigins({ host: '127.0.0.1', port: 8080 })

function code(check: (req: IncomingMessage) => void, headers: Record<string, string>): number {
  const req = new IncomingMessage(new Socket())
  Object.assign(req.headers, headers)
  try {
    check(req)
  } catch (error) {
    if (error instanceof StatusError) return error.code
    throw error
  }
  return 200
}

test('answers to its public name alone, or on the loopback interface to its three names with the port [A-14]', () => {
  expect(code((req) => assertHost(req, behindIngress), { host: 'vms.example.com' })).toBe(200)
  expect(code((req) => assertHost(req, behindIngress), { host: 'VMS.example.com' })).toBe(200)
  for (const host of ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080']) expect(code((req) => assertHost(req, local), { host })).toBe(200)
  expect([...behindIngress.hosts, behindIngress.secure, local.secure]).toEqual(['vms.example.com', true, false])
})

test.each([
  'attacker.com',
  'vms.example.com.',
  'vms.example.com:443',
  'vms.example.com:80',
  'vms.example.com.attacker.com',
  'x.vms.example.com',
  'vms.example.com@attacker.com',
  'vms.example.com,attacker.com',
  'vms.example.com attacker.com',
  'https://vms.example.com',
  '127.0.0.1:8080',
  'localhost',
  '',
])('answers 421 to a foreign Host: %j [A-14]', (host) => {
  expect(code((req) => assertHost(req, behindIngress), { host })).toBe(421)
  expect(code((req) => assertHost(req, behindIngress), {})).toBe(421)
})

test.each([
  'attacker.com:8080',
  '127.0.0.1',
  '127.0.0.1:80',
  '127.0.0.2:8080',
  '0.0.0.0:8080',
  '[::]:8080',
  '2130706433:8080',
  '127.1:8080',
])('answers 421 on the loopback interface to %j [A-14]', (host) => {
  expect(code((req) => assertHost(req, local), { host })).toBe(421)
})

test.each([
  'null',
  '',
  'https://vms.example.com/',
  'https://vms.example.com:443',
  'https://vms.example.com:8443',
  'http://vms.example.com',
  'HTTPS://VMS.EXAMPLE.COM',
  'https://VMS.example.com',
  'https://vms.example.com.',
  'https://vms.example.com.evil.example',
  'https://evil-vms.example.com',
  'https://x.vms.example.com',
  'https://vms.example.com@evil.example',
  'https://evil.example/https://vms.example.com',
  'https://evil.example#https://vms.example.com',
  'https://vms.example.com,https://evil.example',
  'https://vms.example.com https://evil.example',
  ' https://vms.example.com',
  'https://vms.example.co',
  'https://[::1]',
  'wss://vms.example.com',
  'file://',
  'chrome-extension://abcdefgh',
  'https://vms.example.com\u0000',
])('takes no write and no socket from the Origin %j [A-15] [W-02]', (origin) => {
  expect(code((req) => assertOrigin(req, behindIngress), { origin })).toBe(403)
  expect(code((req) => assertOrigin(req, behindIngress), { origin: 'https://vms.example.com' })).toBe(200)
})

test('takes nothing that the browser says another site began [A-15] [X-10]', () => {
  const origin = 'https://vms.example.com'
  for (const site of ['cross-site', 'same-site', 'none', 'x', '']) {
    expect(code((req) => assertOrigin(req, behindIngress), { origin, 'sec-fetch-site': site })).toBe(403)
    expect(code(assertNotForeign, { 'sec-fetch-site': site })).toBe(site === 'none' ? 200 : 403)
  }
  expect(code((req) => assertOrigin(req, behindIngress), { origin, 'sec-fetch-site': 'same-origin' })).toBe(200)
})

test('accepts a Host or an Origin only if it is one of its own, letter by letter [A-14] [W-02]', () => {
  const piece = fc.constantFrom(
    'https://',
    'http://',
    'vms.example.com',
    'evil.example',
    ':',
    '443',
    '.',
    '@',
    '/',
    '\\',
    '#',
    ' ',
    '%00',
    'x',
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.string(),
  )
  fc.assert(
    fc.property(text, (value) => {
      expect(code((req) => assertOrigin(req, behindIngress), { origin: value }) === 200).toBe(value === 'https://vms.example.com')
      expect(code((req) => assertHost(req, behindIngress), { host: value }) === 200).toBe(value.toLowerCase() === 'vms.example.com')
    }),
    { numRuns: propertyRuns },
  )
})
