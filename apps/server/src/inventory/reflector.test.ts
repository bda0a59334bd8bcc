import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { KubeObject } from '@virtdeck/k8s'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { createFakeCollection, type FakeCollection } from '../testing/fake-collection.ts'
import { retryAfterMs, startReflector, type ReflectorClock, type ReflectorState } from './reflector.ts'

/** Silence of a connection, which the test makes. */
function silence() {
  const guards = new Set<{ ms: number; leftMs: number; fn: () => void }>()
  return {
    idle(ms: number, fn: () => void) {
      const guard = { ms, leftMs: ms, fn }
      guards.add(guard)
      return { renew: () => void (guard.leftMs = guard.ms), stop: () => void guards.delete(guard) }
    },
    listening: () => guards.size > 0,
    /** Nothing is heard for so long. */
    pass(ms: number) {
      for (const guard of guards) {
        guard.leftMs -= ms
        if (guard.leftMs > 0) continue
        guards.delete(guard)
        guard.fn()
      }
    },
  }
}

/** Waits pass at once; what was waited for is written down. */
function impatientClock(waits: number[] = [], idle: ReflectorClock['idle'] = () => ({ renew() {}, stop() {} })): ReflectorClock {
  let nowMs = 0
  return {
    now: () => nowMs,
    random: () => 0.5,
    async wait(ms) {
      waits.push(ms)
      nowMs += ms
      await turn()
    },
    idle,
  }
}

/** Follows a collection as a consumer does: by what it is told alone. */
function follow(collection: FakeCollection, clock = impatientClock()) {
  const told = new Map<string, KubeObject>()
  const states: ReflectorState['phase'][] = []
  const blanks: number[] = []
  const changes: string[] = []
  const reflector = startReflector({
    path: '/apis/kubevirt.io/v1/virtualmachines',
    open: (path) => collection.open(path),
    clock,
    onSync(objects) {
      if (objects.size === 0 && told.size > 0) blanks.push(told.size)
      told.clear()
      for (const object of objects.values()) told.set(object.metadata.uid ?? '', object)
    },
    onChange({ type, object }) {
      changes.push(`${type} ${object.metadata.name}`)
      if (type === 'DELETED') told.delete(object.metadata.uid ?? '')
      else told.set(object.metadata.uid ?? '', object)
    },
    onState: ({ phase }) => states.push(phase),
  })
  return { reflector, told, states, blanks, changes }
}

const versions = (objects: Iterable<KubeObject>) =>
  [...objects].map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`).toSorted()

async function settles(check: () => boolean): Promise<void> {
  for (let turns = 0; turns < 500 && !check(); turns += 1) await turn()
}

/** As long as anything could take that is not waited for. */
async function manyTurns(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn()
}

const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('add' as const, 'modify' as const, 'remove' as const, 'recreate' as const), names) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('swap' as const, 'garble' as const), names) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom('compact' as const, 'bookmark' as const, 'repeatLast' as const, 'elsewhere' as const),
      fc.constant(''),
    ),
  },
  { weight: 3, arbitrary: fc.constant(['turn', ''] as ['turn', '']) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('hold' as const, 'release' as const), fc.constant('')) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('cut' as const),
      fc.constantFrom('end', 'half-line', 'garbage', 'gone', 'unknown', 'reset', 'wrong-kind'),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('fail' as const, 'expireNextPages' as const), fc.constantFrom('1', '3')) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('throttle' as const, 'throttlePages' as const), fc.constantFrom('1', '7')) },
)

test(
  'has what the cluster has after any history, and its consumer too [K-01] [K-02] [K-03] [K-05] [K-07] [K-09]',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 40 }), async (streamsLists, history) => {
        const collection = createFakeCollection({ streamsLists })
        const { reflector, told } = follow(collection)
        for (const [action, argument] of history) {
          if (action === 'turn') await turn()
          else if (action === 'fail' || action === 'expireNextPages') collection[action](Number(argument))
          else if (action === 'throttle' || action === 'throttlePages')
            collection.throttle('1', { times: Number(argument), pages: action === 'throttlePages' })
          else if (action === 'cut') collection.cut(argument as Parameters<typeof collection.cut>[0])
          else collection[action](argument)
        }
        collection.release()
        const expected = versions(collection.objects.values())
        const agrees = () =>
          collection.watching() === 1 && JSON.stringify(versions(reflector.objects.values())) === JSON.stringify(expected)
        await settles(agrees)
        reflector.stop()
        expect(versions(reflector.objects.values())).toEqual(expected)
        expect(versions(told.values())).toEqual(expected)
      }),
      { numRuns: propertyRuns },
    )
  },
  propertyTimeoutMs,
)

test('gives up an object for another of its name, even where nobody told of its end [K-05]', async () => {
  const { collection, told } = started()
  await settles(() => told.size === 5 && collection.watching() === 1)
  collection.swap('a')
  collection.modify('a')
  await settles(() => versions(told.values()).join() === versions(collection.objects.values()).join())
  expect(versions(told.values())).toEqual(versions(collection.objects.values()))
})

test('lists again after a line that it cannot read, which would come again and again [K-07]', async () => {
  const { collection, told, states } = started()
  await settles(() => told.size === 5 && collection.watching() === 1)
  collection.garble('a')
  await settles(() => versions(told.values()).join() === versions(collection.objects.values()).join())
  expect(versions(told.values())).toEqual(versions(collection.objects.values()))
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(2)
  expect(states.at(-1)).toBe('live')
})

test('tells nobody twice of what came twice', async () => {
  const { collection, told, changes } = started()
  await settles(() => told.size === 5 && collection.watching() === 1)
  collection.modify('a')
  collection.repeatLast()
  collection.repeatLast()
  collection.modify('b')
  await settles(() => changes.length >= 2)
  expect(changes).toEqual(['MODIFIED a', 'MODIFIED b'])
})

function started(
  options: { streamsLists: boolean } = { streamsLists: true },
  waits: number[] = [],
  before: (collection: FakeCollection) => void = () => {},
  idle?: ReflectorClock['idle'],
) {
  const collection = createFakeCollection(options)
  for (const name of ['a', 'b', 'c', 'd', 'e']) collection.add(name)
  before(collection)
  const followed = follow(collection, impatientClock(waits, idle))
  onTestFinished(() => followed.reflector.stop())
  return { collection, ...followed }
}

test('shows the old objects until a new list is complete, and calls them live again after it [K-03]', async () => {
  const { collection, told, blanks, states } = started()
  await settles(() => told.size === 5)
  collection.cut('gone')
  collection.add('f')
  collection.compact()
  await settles(() => told.size === 6)
  expect(blanks).toEqual([])
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(2)
  expect(states).toEqual(['syncing', 'live'])
})

test('resumes from its version when a watch ends, without a list [K-09]', async () => {
  const { collection, told } = started()
  await settles(() => told.size === 5)
  for (let round = 0; round < 3; round += 1) {
    collection.modify('a')
    await settles(() => told.get('uid-1')?.metadata.resourceVersion === collection.objects.get('a')?.metadata.resourceVersion)
    collection.cut('end')
    await settles(() => collection.watching() === 1)
  }
  await settles(() => versions(told.values()).join() === versions(collection.objects.values()).join())
  const [first, ...later] = collection.requests
  expect(first).toContain('sendInitialEvents=true')
  expect(later.length).toBeGreaterThanOrEqual(3)
  for (const request of later) expect(request).toMatch(/watch=1.*resourceVersion=v/)
  // Each from where the one before had come to, so that nothing is told again.
  expect(new Set(later).size).toBe(later.length)
})

test('moves on with bookmarks alone, so that an old history does not matter [K-06]', async () => {
  const { collection, told } = started()
  await settles(() => told.size === 5)
  collection.elsewhere()
  collection.compact()
  collection.bookmark()
  await turn()
  collection.cut('end')
  await settles(() => collection.watching() === 1)
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
})

test('reads pages where lists are not streamed, and asks for no streamed list again', async () => {
  const { collection, told } = started({ streamsLists: false })
  await settles(() => told.size === 5 && collection.watching() === 1)
  collection.cut('garbage')
  await settles(() => collection.requests.filter((request) => request.includes('limit=500')).length === 4)
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
})

test('reads pages where a streamed list ends before it is whole [K-01]', async () => {
  const { collection, told, states } = started({ streamsLists: true }, [], (one) => one.hold())
  await settles(() => collection.watching() === 1)
  collection.cut('end')
  await settles(() => told.size === 5 && collection.watching() === 1)
  expect(versions(told.values())).toEqual(versions(collection.objects.values()))
  expect(states).toEqual(['syncing', 'live'])
})

test('shows nothing of a streamed list before its end, with what changed meanwhile, and nothing of one that broke off [K-01]', async () => {
  const { collection, told, changes } = started({ streamsLists: true }, [], (one) => one.hold())
  await settles(() => collection.watching() === 1)
  collection.remove('a')
  collection.modify('b')
  await turn()
  expect(told.size).toBe(0)
  collection.cut('end')
  collection.refuse(503)
  await settles(() => collection.requests.length > 3)
  expect(told.size).toBe(0)
  collection.refuse(undefined)
  await settles(() => collection.watching() === 1 && collection.requests.at(-1)?.includes('sendInitialEvents') === true)
  collection.remove('c')
  collection.release()
  await settles(() => told.size === 3)
  expect(versions(told.values())).toEqual(versions(collection.objects.values()))
  expect(changes).toEqual([])
})

test('forgets the pages it had when a token is too old: what went meanwhile is no ghost [K-02]', async () => {
  const { collection, told } = started({ streamsLists: false }, [], (one) => one.expireNextPages(1, () => one.remove('a')))
  await settles(() => told.size > 0)
  expect(versions(told.values())).toEqual(versions(collection.objects.values()))
})

test('begins the pages over three times before it calls that a failure [K-02]', async () => {
  const waits: number[] = []
  const { collection, told, states } = started({ streamsLists: false }, waits, (one) => one.expireNextPages(3))
  await settles(() => told.size === 5 && collection.watching() === 1)
  expect(states).toEqual(['syncing', 'live'])
  expect(waits).toEqual([])
})

test('opens another watch where nothing was heard for 150 s, and a list that stalls after 10 s [K-10]', async () => {
  const { pass, idle, listening } = silence()
  const { collection, told, states } = started({ streamsLists: true }, [], (one) => one.hold(), idle)
  await settles(listening)
  pass(10_000)
  await settles(() => told.size === 5)
  // The streamed list stalled: pages it was.
  expect(collection.requests.filter((request) => request.includes('limit=500'))).toHaveLength(2)
  collection.release()
  await settles(() => collection.watching() === 1 && listening())
  const asked = collection.requests.length
  pass(149_000)
  collection.bookmark()
  await manyTurns()
  pass(149_000)
  await manyTurns()
  expect(collection.requests).toHaveLength(asked)
  pass(1_000)
  await settles(() => collection.requests.length > asked && collection.watching() === 1)
  expect(collection.requests).toHaveLength(asked + 1)
  expect(states).not.toContain('refused')
  collection.add('f')
  await settles(() => told.size === 6)
})

test('opens another watch where a streamed list went silent after its end, too, and lists nothing anew [K-10]', async () => {
  const { pass, idle } = silence()
  const { collection, told } = started({ streamsLists: true }, [], () => {}, idle)
  await settles(() => told.size === 5)
  await manyTurns()
  pass(149_000)
  collection.bookmark()
  await manyTurns()
  pass(149_000)
  await manyTurns()
  expect(collection.requests).toHaveLength(1)
  pass(1_000)
  await settles(() => collection.requests.length > 1 && collection.watching() === 1)
  expect(collection.requests).toHaveLength(2)
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
})

test('asks again no sooner than it is told to [K-12]', async () => {
  const waits: number[] = []
  const { collection, told } = started({ streamsLists: true }, waits)
  await settles(() => told.size === 5)
  collection.throttle('17')
  collection.cut('end')
  await settles(() => waits.length > 0)
  expect(waits[0]).toBeGreaterThanOrEqual(17_000)
})

test('resumes from its version, however often a watch is put off: a list would be more to do [K-12]', async () => {
  const { collection, told, states } = started()
  await settles(() => told.size === 5)
  collection.throttle('1', { times: 12 })
  collection.cut('end')
  collection.add('f')
  await settles(() => told.size === 6)
  expect(collection.requests).toHaveLength(1 + 12 + 1)
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
  expect(states).toEqual(['syncing', 'live', 'stale', 'live'])
})

test('lists at once where its version is too old, however often it was put off before [K-03]', async () => {
  const waits: number[] = []
  const { collection, told } = started({ streamsLists: true }, waits)
  await settles(() => told.size === 5)
  collection.throttle('1', { times: 6 })
  collection.cut('end')
  collection.add('f')
  collection.compact()
  await settles(() => told.size === 6)
  expect(waits).toHaveLength(6)
})

test('asks again for a page that is put off, no sooner than it is told to, and begins nothing over for it [K-12]', async () => {
  const waits: number[] = []
  const { collection, told, states } = started({ streamsLists: false }, waits, (one) => one.throttle('9', { times: 4, pages: true }))
  await settles(() => told.size === 5 && collection.watching() === 1)
  const pages = collection.requests.filter((request) => request.includes('limit=500'))
  expect(pages.filter((request) => !request.includes('continue='))).toHaveLength(1)
  expect(pages.filter((request) => request.includes('continue='))).toHaveLength(5)
  expect(waits).toHaveLength(4)
  for (const [index, ms] of waits.entries()) expect(ms).toBeGreaterThan(Math.max(9_000, waits[index - 1] ?? 0))
  expect(states).toEqual(['syncing', 'live'])
})

test('begins the pages over where one of them is put off again and again, and is stale meanwhile [K-12]', async () => {
  const { collection, told, states } = started({ streamsLists: false }, [], (one) => one.throttle('1', { times: 5, pages: true }))
  await settles(() => told.size === 5 && collection.watching() === 1)
  expect(states).toEqual(['syncing', 'stale', 'live'])
  const first = collection.requests.filter((request) => request.includes('limit=500') && !request.includes('continue='))
  expect(first).toHaveLength(2)
})

test('is stale while the API server cannot be reached, waits longer each time, and comes back [K-11]', async () => {
  const waits: number[] = []
  const { collection, told, states } = started({ streamsLists: true }, waits)
  await settles(() => told.size === 5)
  collection.fail(8)
  collection.cut('reset')
  collection.add('f')
  await settles(() => told.size === 6)
  expect(states).toEqual(['syncing', 'live', 'stale', 'live'])
  expect(waits.slice(0, 6)).toEqual([400, 800, 1600, 3200, 6400, 12_800])
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_000)
  // Nothing was lost meanwhile: it goes on from where it was.
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
})

test('keeps what it shows while its credential is refused, which may be renewed', async () => {
  const { collection, told, states } = started()
  await settles(() => told.size === 5)
  collection.refuse(401)
  collection.cut('end')
  await settles(() => states.at(-1) === 'stale')
  expect(told.size).toBe(5)
  collection.refuse(undefined)
  collection.add('f')
  await settles(() => told.size === 6)
  expect(states).toEqual(['syncing', 'live', 'stale', 'live'])
})

// kube-apiserver 1.32 was killed and started again with 10,000 VMs in it: connections were reset, then refused, then every
// request of an ordinary user was answered 403 (for 0.07 s on an idle machine, for 6 s on a busy one), then 503 "the request
// has been made before all known HTTP paths have been installed", then 429 "storage is (re)initializing", then served.
test('keeps what it shows while an API server that starts refuses everybody, and goes on from where it was [K-13]', async () => {
  const waits: number[] = []
  const { collection, told, states, blanks } = started({ streamsLists: true }, waits)
  await settles(() => told.size === 5)
  collection.refuse(403)
  collection.cut('reset')
  await settles(() => waits.length > 4)
  expect(told.size).toBe(5)
  collection.add('f')
  collection.refuse(undefined)
  await settles(() => told.size === 6)
  expect(states).toEqual(['syncing', 'live', 'stale', 'live'])
  expect(blanks).toEqual([])
  expect(collection.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1)
})

test('asks soon after the first refusals, and then once a minute [K-15]', async () => {
  const waits: number[] = []
  const { collection, told } = started({ streamsLists: true }, waits, (one) => one.refuse(403))
  await settles(() => waits.length > 6)
  expect(waits.slice(0, 7)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  collection.refuse(undefined)
  await settles(() => told.size === 5)
})

test('says in plain words that the cluster does not serve what it is to read', async () => {
  const states: ReflectorState[] = []
  const reflector = startReflector({
    path: '/apis/cdi.kubevirt.io/v1beta1/datavolumes',
    open: () => Promise.resolve(Object.assign(Readable.from([Buffer.from('404 page not found\n')]), { statusCode: 404, headers: {} })),
    clock: impatientClock(),
    onSync() {},
    onChange() {},
    onState: (state) => states.push(state),
  })
  onTestFinished(reflector.stop)
  await settles(() => states.some(({ phase }) => phase === 'refused'))
  expect(states.at(-1)).toMatchObject({ status: { code: 404, message: expect.stringContaining('Is CDI') } })
})

test('shows nothing where it may not list, once that was said for half a minute, and begins again once it may [K-15]', async () => {
  const waits: number[] = []
  const { collection, told, states } = started({ streamsLists: true }, waits)
  await settles(() => told.size === 5)
  collection.refuse(403)
  collection.cut('end')
  await settles(() => told.size === 0)
  expect(states.at(-1)).toBe('refused')
  const patience = waits.slice(0, waits.indexOf(2_000))
  expect(patience.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(30_000)
  expect(patience.slice(0, -1).reduce((sum, ms) => sum + ms, 0)).toBeLessThan(30_000)
  collection.refuse(undefined)
  await settles(() => told.size === 5)
  expect(states.at(-1)).toBe('live')
})

test.each([true, false])(
  'offers a rest after each object of a list, and after none that changes; as a stream: %s',
  async (streamsLists) => {
    const collection = createFakeCollection({ streamsLists })
    for (const name of ['a', 'b', 'c']) collection.add(name)
    let listed = 0
    let changed = 0
    const reflector = startReflector({
      path: '/apis/kubevirt.io/v1/virtualmachines',
      open: (path) => collection.open(path),
      clock: impatientClock(),
      onSync() {},
      onChange: () => void (changed += 1),
      onState() {},
      onListed: () => void (listed += 1),
    })
    onTestFinished(() => reflector.stop())
    await settles(() => reflector.objects.size === 3 && collection.watching() === 1)
    expect(listed).toBe(3)
    collection.modify('a')
    collection.add('d')
    await settles(() => changed === 2)
    expect({ changed, listed }).toEqual({ changed: 2, listed: 3 })
  },
)

test('waits as long as Retry-After asks, up to a minute [K-12]', () => {
  const nowMs = Date.parse('2026-11-20T10:00:00Z')
  expect(retryAfterMs(undefined, nowMs)).toBe(0)
  expect(retryAfterMs('0', nowMs)).toBe(0)
  expect(retryAfterMs('30', nowMs)).toBe(30_000)
  expect(retryAfterMs('86400', nowMs)).toBe(60_000)
  expect(retryAfterMs('Fri, 20 Nov 2026 10:00:05 GMT', nowMs)).toBe(5_000)
  expect(retryAfterMs('soon', nowMs)).toBe(0)
})
