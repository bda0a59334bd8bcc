import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesLabels, parseLabelSelector } from './selectors.ts'
import { StatusError } from './status.ts'

const matches = (selector: string, labels?: Record<string, string>) => matchesLabels(parseLabelSelector(selector), labels)

describe('parseLabelSelector and matchesLabels', () => {
  test.each([
    ['', {}, true],
    ['app=web', { app: 'web' }, true],
    ['app==web', { app: 'web' }, true],
    ['app = web', { app: 'web' }, true],
    ['app=web', { app: 'db' }, false],
    ['app=web', {}, false],
    ['app!=web', {}, true],
    ['app!=web', { app: 'web' }, false],
    ['app=', { app: '' }, true],
    ['app', { app: '' }, true],
    ['app', {}, false],
    ['!app', {}, true],
    ['! app', { app: 'x' }, false],
    ['tier in (a, b)', { tier: 'b' }, true],
    ['tier in (a,b)', { tier: 'c' }, false],
    ['tier in ()', { tier: '' }, true],
    ['tier notin (a,b)', {}, true],
    ['tier notin (a,b)', { tier: 'a' }, false],
    ['cores>2', { cores: '4' }, true],
    ['cores<2', { cores: '4' }, false],
    ['cores>2', { cores: 'many' }, false],
    ['cores>2', {}, false],
    ['app=web,tier in (a,b),!old', { app: 'web', tier: 'a' }, true],
    ['app=web,tier in (a,b),!old', { app: 'web', tier: 'a', old: '1' }, false],
    ['kubevirt.io/vm=web-01', { 'kubevirt.io/vm': 'web-01' }, true],
  ] as [string, Record<string, string>, boolean][])('%j on %j is %s', (selector, labels, expected) => {
    expect(matches(selector, labels)).toBe(expected)
  })

  test('is not fooled by the names of an object’s own properties', () => {
    expect(matches('constructor', {})).toBe(false)
    expect(matches('!toString', {})).toBe(true)
  })

  test.each(['=web', 'app=a b', 'tier in a', 'tier in (a', 'app=web,', ',', 'app~web', '-app', 'cores>many'])(
    'refuses %j as the API server does',
    (text) => {
      expect(() => parseLabelSelector(text)).toThrow(StatusError)
    },
  )

  test('says of every key and value that it selects itself', () => {
    const label = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?$/)
    fc.assert(
      fc.property(label, label, (key, value) => {
        expect(matches(`${key}=${value}`, { [key]: value })).toBe(true)
      }),
    )
  })
})
