import fc from 'fast-check'
import { expect, test } from 'vitest'
import { propertyRuns } from '../../../server/src/testing/property-runs.ts'
import { httpUrl } from './http-url.ts'

test.each(['https://kubevirt.io/', 'HTTP://Example.COM/a?b#c', 'http://[fd00::1]:8080/'])('follows %s [X-03]', (text) => {
  expect(httpUrl(text)?.href).toBe(new URL(text).href)
})

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  ' javascript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript://https://kubevirt.io/%0aalert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'blob:https://kubevirt.io/1',
  'file:///etc/passwd',
  'intent://x#Intent;end',
  'view-source:https://kubevirt.io/',
  '//evil.example/',
  '/\\evil.example/',
  'http:evil.example',
  'http:/evil.example',
  'http:\\\\evil.example',
  'http:///evil.example',
  'https://kubevirt.io@evil.example/',
  'https://a:b@evil.example/',
  'https://kubevirt.io\u2028.evil.example/',
  'https://kubevirt\u200b.io/',
  'https://kubevirt.io/\u202egpj.exe',
  'https://',
  '',
])('does not follow %j [X-03]', (text) => {
  expect(httpUrl(text)).toBeUndefined()
})

test('whatever the text, what is followed is http or https and shows where it leads [X-03]', () => {
  const scheme = fc.constantFrom('http://', 'https://', 'HTTPS://', 'http:', 'javascript:', '//', 'data:', 'http:\\\\')
  fc.assert(
    fc.property(scheme, fc.string({ unit: 'binary', maxLength: 40 }), (start, rest) => {
      const url = httpUrl(start + rest)
      if (!url) return
      expect(['http:', 'https:']).toContain(url.protocol)
      expect(url.host).not.toBe('')
      expect(url.username + url.password).toBe('')
    }),
    { numRuns: propertyRuns },
  )
})
