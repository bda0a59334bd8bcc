import { expect, test } from 'vitest'
import { snapshotName } from './snapshot-name.ts'

const date = new Date(2026, 10, 3, 9, 5)

test('a snapshot is named after its VM and the minute [F106]', () => {
  expect(snapshotName('web-01', date)).toBe('web-01-20261103-0905')
})

test('a long name is cut so that the minute stays and the whole is a valid name', () => {
  const name = snapshotName(`${'a'.repeat(48)}-${'b'.repeat(14)}`, date)
  expect(name).toBe(`${'a'.repeat(48)}-20261103-0905`)
  expect(name.length).toBeLessThanOrEqual(63)
})
