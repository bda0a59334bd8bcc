// Ten thousand VMs are read without ever being held as they come: by live memory, in ratio to the bytes of the list.
import { expect, test } from 'vitest'
import type { KubeObject } from '@virtdeck/k8s'
import { liveBytes } from '../testing/heap.ts'
import { keeperOf } from './kept.ts'
import { startReflector, type Answer } from './reflector.ts'

const count = 3_000
const pageSize = 500

/** About 10 KB, most of it what no row is made of, and all of it different from one VM to the next. */
function rawVm(index: number): KubeObject {
  const filler = (length: number) => `${index}-`.padEnd(length, String.fromCharCode(97 + (index % 26)))
  return {
    metadata: {
      name: `vm-${index}`,
      namespace: `ns-${index % 40}`,
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(index + 1),
      creationTimestamp: '2026-11-20T10:00:00Z',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': filler(3_000) },
      managedFields: [{ manager: 'kubectl', fieldsV1: { filler: filler(3_000) } }],
    },
    spec: {
      runStrategy: 'Always',
      template: { spec: { domain: { cpu: { cores: 2 } }, volumes: [{ cloudInitNoCloud: { userData: filler(3_000) } }] } },
    },
    status: { printableStatus: 'Running' },
  }
}

function answer(chunks: Iterable<string>): Answer {
  return {
    statusCode: 200,
    headers: {},
    destroy: () => undefined,
    async *[Symbol.asyncIterator]() {
      for (const chunk of chunks) yield Buffer.from(chunk)
    },
  }
}

/** Reads a fleet and notes the live memory at its most, and what is left at the end. */
async function read(open: (path: string, sample: () => void) => Answer): Promise<{ mostBytes: number; keptBytes: number; read: number }> {
  const before = liveBytes()
  let mostBytes = 0
  const sample = () => (mostBytes = Math.max(mostBytes, liveBytes() - before))
  let done = () => {}
  const synced = new Promise<void>((resolve) => (done = resolve))
  const reflector = startReflector({
    path: '/apis/kubevirt.io/v1/virtualmachines',
    open: (path) => Promise.resolve(open(path, sample)),
    trim: keeperOf('virtualmachines'),
    onSync: () => done(),
    onChange: () => {},
    onState: () => {},
  })
  await synced
  const keptBytes = liveBytes() - before
  const figures = { mostBytes: Math.max(mostBytes, keptBytes), keptBytes, read: reflector.objects.size }
  reflector.stop()
  return figures
}

const rawBytes = Array.from({ length: 100 }, (_, index) => JSON.stringify(rawVm(index)).length).reduce((sum, size) => sum + size, 0) / 100

test('holds of a streamed list at no time more than a fifth of its bytes', async () => {
  function* events(sample: () => void) {
    for (let index = 0; index < count; index += 1) {
      yield `${JSON.stringify({ type: 'ADDED', object: rawVm(index) })}\n`
      if (index % 500 === 250) sample()
    }
    const metadata = { resourceVersion: String(count), annotations: { 'k8s.io/initial-events-end': 'true' } }
    yield `${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`
  }
  const { mostBytes, read: objects } = await read((_path, sample) => answer(events(sample)))
  expect(objects).toBe(count)
  expect(mostBytes / (count * rawBytes)).toBeLessThan(0.2)
})

test('holds of a list in pages no more than that and two pages', async () => {
  const { mostBytes, read: objects } = await read((path, sample) => {
    const query = new URLSearchParams(path.split('?')[1])
    if (query.get('sendInitialEvents'))
      return { ...answer([JSON.stringify({ kind: 'Status', status: 'Failure', code: 422, reason: 'Invalid' })]), statusCode: 422 }
    const start = Number(query.get('continue') ?? 0)
    if (!query.get('limit')) return answer([])
    sample()
    const items = Array.from({ length: Math.min(pageSize, count - start) }, (_, next) => rawVm(start + next))
    const more = start + pageSize < count ? String(start + pageSize) : undefined
    return answer([JSON.stringify({ kind: 'List', metadata: { resourceVersion: String(count), continue: more }, items })])
  })
  expect(objects).toBe(count)
  expect(mostBytes / (count * rawBytes)).toBeLessThan(0.2 + (2 * pageSize) / count)
})
