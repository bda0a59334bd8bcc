import { expect, test } from 'vitest'
import { isReservedLabel, labelKeyProblem, labelValueProblem } from './labels.ts'

test.each(['app', 'app.kubernetes.io/name', 'a', 'A_b.c-d', `${'a'.repeat(63)}`, `${'x.'.repeat(100)}io/name`])(
  'takes the key %s',
  (key) => {
    expect(labelKeyProblem(key)).toBeUndefined()
  },
)

test.each([
  ['', 'A key is needed.'],
  ['-app', 'Letters'],
  ['app/', 'Letters'],
  ['/app', 'domain name'],
  ['Shop.io/app', 'domain name'],
  ['a/b/c', 'Letters'],
  ['a'.repeat(64), '63 characters'],
  ['schön', 'Letters'],
  ['a b', 'Letters'],
])('refuses the key %j', (key, problem) => {
  expect(labelKeyProblem(key)).toContain(problem)
})

test('a value may be empty, and is short otherwise', () => {
  expect(labelValueProblem('')).toBeUndefined()
  expect(labelValueProblem('1.2_x')).toBeUndefined()
  expect(labelValueProblem('x'.repeat(64))).toContain('63')
  expect(labelValueProblem('a=b')).toContain('Letters')
})

test('knows the keys that the cluster keeps for itself', () => {
  expect(
    ['kubernetes.io/hostname', 'node.kubernetes.io/x', 'kubevirt.io/schedulable', 'cpu.node.kubevirt.io/svm'].every(isReservedLabel),
  ).toBe(true)
  expect(['app', 'shop.io/kubevirt.io', 'mykubernetes.io/x'].some(isReservedLabel)).toBe(false)
})
