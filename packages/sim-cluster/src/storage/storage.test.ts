import { describe, expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { createStorage, type StorageEvent } from './storage.ts'
import { createWatchCache } from './watch-cache.ts'

const vms = 'virtualmachines.kubevirt.io'
const vmis = 'virtualmachineinstances.kubevirt.io'
const vm = (name: string, namespace = 'team-a') => ({ metadata: { name, namespace }, spec: { runStrategy: 'Halted' } })

function storageWithEvents() {
  const storage = createStorage(manualClock())
  const events: StorageEvent[] = []
  storage.subscribe((event) => events.push(event))
  return { storage, events, types: () => events.map((event) => event.type) }
}

describe('storage', () => {
  test('lists in key order, whatever the order of creation', () => {
    const { storage } = storageWithEvents()
    for (const [name, namespace] of [
      ['b', 'a'],
      ['a', 'a'],
      ['z', 'a-b'],
      ['c', 'a'],
    ] as const)
      storage.create(vms, vm(name, namespace))
    const keys = storage.list(vms).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    expect(keys).toEqual(['a-b/z', 'a/a', 'a/b', 'a/c'])
    expect(storage.list(vms, 'a')).toHaveLength(3)
    expect(storage.list(vms, 'nowhere')).toEqual([])
  })

  test('a list that someone holds never changes', () => {
    const { storage } = storageWithEvents()
    storage.create(vms, vm('a'))
    const before = storage.list(vms)
    storage.create(vms, vm('b'))
    storage.delete(vms, 'team-a', 'a')
    expect(before.map(({ metadata }) => metadata.name)).toEqual(['a'])
    expect(storage.list(vms).map(({ metadata }) => metadata.name)).toEqual(['b'])
  })

  test('tells listeners of every change before the call returns', () => {
    const { storage, types } = storageWithEvents()
    const created = storage.create(vms, vm('a'))
    storage.update(vms, { ...created, spec: { runStrategy: 'Always' } })
    storage.delete(vms, 'team-a', 'a')
    expect(types()).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
  })

  test('an update that changes nothing is no event and no version, in whatever order its keys come', () => {
    const { storage, types } = storageWithEvents()
    const created = storage.create(vms, { metadata: { name: 'a', namespace: 'team-a' }, spec: { x: 1, y: [{ z: 2 }] } })
    const revision = storage.revision()
    expect(storage.update(vms, { spec: { y: [{ z: 2 }], x: 1, gone: undefined }, metadata: { namespace: 'team-a', name: 'a' } })).toBe(
      created,
    )
    expect(storage.revision()).toBe(revision)
    expect(types()).toEqual(['ADDED'])
  })

  test('counts the generation of a VM by its spec, and that of a VMI by its status too, which is no subresource there', () => {
    const { storage } = storageWithEvents()
    const change = (key: string) => {
      const created = storage.create(key, vm('a'))
      return storage.update(key, { ...created, status: { phase: 'Running' } }).metadata.generation
    }
    expect([change(vms), change(vmis)]).toEqual([1, 2])
  })

  test('refuses an update of another version, and keeps what a writer may not change', () => {
    const { storage } = storageWithEvents()
    const created = storage.create(vms, vm('a'))
    const updated = storage.update(vms, {
      ...vm('a'),
      metadata: { name: 'a', namespace: 'team-a', uid: 'forged' },
      spec: { runStrategy: 'Always' },
    })
    expect(updated.metadata.uid).toBe(created.metadata.uid)
    expect(() => storage.update(vms, created)).toThrow('the object has been modified')
  })
})

describe('watch cache', () => {
  test('replays what came after a version, then follows', () => {
    const { storage } = storageWithEvents()
    const cache = createWatchCache(storage)
    const { metadata } = storage.create(vms, vm('a'))
    storage.create(vms, vm('b'))
    const seen: string[] = []
    cache.watch(vms, Number(metadata.resourceVersion), { receive: ({ object }) => seen.push(object.metadata.name) })
    storage.create(vms, vm('c'))
    expect(seen).toEqual(['b', 'c'])
  })

  test('forgets the oldest changes of each resource by itself', () => {
    const { storage } = storageWithEvents()
    const start = storage.revision()
    const cache = createWatchCache(storage, { capacity: 10 })
    storage.create(vmis, vm('a'))
    for (let index = 0; index < 35; index += 1) storage.create(vms, vm(`vm-${index}`))
    const ignore = { receive: () => {} }
    expect(cache.watch(vms, start, ignore)).toBeUndefined()
    expect(cache.watch(vmis, start, ignore)).toBeTypeOf('function')
    let replayed = 0
    cache.watch(vms, cache.oldestRevision(vms), { receive: () => (replayed += 1) })
    expect(replayed).toBe(10)
  })

  test('a watcher that has left receives nothing more', () => {
    const { storage } = storageWithEvents()
    const cache = createWatchCache(storage)
    let received = 0
    const leave = cache.watch(vms, storage.revision(), { receive: () => (received += 1) })
    leave?.()
    storage.create(vms, vm('a'))
    expect(received).toBe(0)
  })
})
