import { failure } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endSession } from '../../api/session-signal.ts'
import { beginDrain, forgetDrain, retryDrain, useDrains } from './drains.ts'

const node = { name: 'old' }
const web: VmRow = { uid: 'web', namespace: 'shop', name: 'web', createdAt: 0, status: 'Running' }
const items = [{ row: web, does: 'migrate' as const }]

/** A cluster that answers a cordon when the test says so, and refuses every migration. */
let cordons: (() => void)[]
let migrations: string[]

beforeEach(() => {
  cordons = []
  migrations = []
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('fetch', (url: string, { method }: RequestInit) => {
    if (method === 'PATCH') return new Promise((resolve) => cordons.push(() => resolve(Response.json({ metadata: { name: 'old' } }))))
    migrations.push(url)
    return Promise.resolve(Response.json(failure(409, 'busy'), { status: 409 }))
  })
})
afterEach(() => {
  endSession()
  useDrains.setState({ old: undefined })
  vi.unstubAllGlobals()
})

const ended = () => vi.waitFor(() => expect(useDrains.getState()['old']?.running).toBe(false))

test('drains once, however often one clicks while the cordon is slow [F243]', async () => {
  const clicks = [beginDrain(node, items), beginDrain(node, items)]
  for (const answer of cordons) answer()
  await Promise.all(clicks)
  await ended()
  expect(migrations).toHaveLength(1)
})

test('tries once again, however often one clicks, and shows it also where the results were put away meanwhile', async () => {
  const begun = beginDrain(node, items)
  for (const answer of cordons.splice(0)) answer()
  await begun
  await ended()
  const clicks = [retryDrain(node), retryDrain(node)]
  forgetDrain(node)
  for (const answer of cordons) answer()
  await Promise.all(clicks)
  expect(useDrains.getState()['old']?.running).toBe(true)
  await ended()
  expect(migrations).toHaveLength(2)
})

test('can be asked for again where the cordon was refused', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(failure(403, 'no'), { status: 403 })))
  await expect(beginDrain(node, items)).rejects.toThrow('no')
  await expect(beginDrain(node, items)).rejects.toThrow('no')
})

test('begins nothing for whoever signs in while the cordon is slow', async () => {
  const begun = beginDrain(node, items)
  endSession()
  for (const answer of cordons) answer()
  await begun
  expect(useDrains.getState()['old']).toBeUndefined()
  expect(migrations).toEqual([])
})
