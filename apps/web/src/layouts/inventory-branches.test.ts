import type { VmRow } from '@virtdeck/kubevirt'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LEAVES, leaves, namespaceBranches, type Branch } from './inventory-branches.ts'

const vm = (name: string, app?: string, status = 'Running'): VmRow => ({
  uid: name,
  namespace: 'shop',
  name,
  createdAt: 0,
  status,
  ...(app !== undefined && { labels: { app } }),
})
const spelled = (branches: readonly Branch[]) =>
  branches.map((branch) =>
    branch.kind === 'app' ? `${branch.app} (${branch.rows.length})` : branch.kind === 'vm' ? branch.row.name : `+${branch.count}`,
  )

test('below a namespace stand its groups, then the VMs that stand alone, as people count [F225]', () => {
  const rows = [
    vm('web-10', 'web'),
    vm('web-2', 'web'),
    vm('db', 'db'),
    vm('edge'),
    vm('pay-1', 'pay', 'CrashLoopBackOff'),
    vm('pay-2', 'pay'),
  ]
  expect(spelled(namespaceBranches(rows))).toEqual(['pay (2)', 'web (2)', 'db', 'edge'])
  expect(namespaceBranches(rows)[0]).toMatchObject({ kind: 'app', failing: 1 })
  expect(spelled(leaves(rows.slice(0, 2)))).toEqual(['web-2', 'web-10'])
})

test('lists so many VMs and counts the rest; loses none [F225]', () => {
  const app = fc.option(fc.constantFrom('a', 'b', '__proto__'), { nil: undefined })
  fc.assert(
    fc.property(fc.array(app, { maxLength: 120 }), (apps) => {
      const branches = namespaceBranches(apps.map((one, index) => vm(`vm-${index}`, one)))
      const count = branches.reduce(
        (sum, branch) => sum + (branch.kind === 'app' ? branch.rows.length : branch.kind === 'vm' ? 1 : branch.count),
        0,
      )
      expect(count).toBe(apps.length)
      expect(branches.filter(({ kind }) => kind === 'vm').length).toBeLessThanOrEqual(LEAVES)
    }),
  )
})

test('says of which group the VMs are that are not listed, so that they can be [F225]', () => {
  const rows = Array.from({ length: LEAVES + 2 }, (_, index) => vm(`web-${index}`, 'web'))
  expect(leaves(rows, 'web').at(-1)).toEqual({ kind: 'more', count: 2, app: 'web' })
  expect(leaves(rows).at(-1)).toEqual({ kind: 'more', count: 2 })
})
