import { afterEach, expect, test, vi } from 'vitest'
import { StatusError, failure } from '@virtdeck/k8s'
import { encodeRows } from '@virtdeck/kubevirt'
import type { NodeRow } from '@virtdeck/kubevirt'
import { takeEarly } from './early.ts'
import { fetchSnapshot } from './snapshot.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  delete (globalThis as { virtdeckEarly?: unknown }).virtdeckEarly
})

const head = { fleet: 'nodes', epoch: 'e1', seq: 7, access: { scope: 'cluster' } }
const node = (name: string) => ({ uid: `uid-${name}`, name, createdAt: 1, ready: true }) as NodeRow
const text = [JSON.stringify(head), encodeRows([node('a'), node('b')]), encodeRows([node('ç')])].join('\n')

/** An answer that comes in pieces of this many bytes. */
function answer(size: number, status = 200): Response {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) controller.close()
      else controller.enqueue(bytes.slice(at, (at += size)))
    },
  })
  return new Response(body, { status })
}

async function read(fresh = false) {
  const { blocks, ...rest } = await fetchSnapshot('nodes', new AbortController().signal, fresh)
  const rows: NodeRow[] = []
  for await (const block of blocks) rows.push(...block)
  return { rest, rows }
}

test.each([1, 7, 4096])('reads head and rows, whatever pieces of %i bytes they come in', async (size) => {
  vi.stubGlobal('fetch', () => Promise.resolve(answer(size)))
  expect(await read()).toEqual({ rest: head, rows: [node('a'), node('b'), node('ç')] })
})

test('throws the server’s refusal', async () => {
  const refused = failure(503, 'The inventory is not read yet.')
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(refused), { status: 503 })))
  await expect(read()).rejects.toThrow(new StatusError(refused))
})

test('takes the answer that was asked for before the code was there, once, and asks itself where that failed', async () => {
  let asked = 0
  vi.stubGlobal('fetch', () => {
    asked += 1
    return Promise.resolve(answer(4096))
  })
  const early = (given: Promise<Response>) =>
    Object.assign(globalThis, { virtdeckEarly: { at: performance.now(), answers: { '/api/inventory/nodes?followed=true': given } } })
  early(Promise.resolve(answer(4096)))
  expect((await read()).rows).toHaveLength(3)
  expect(asked).toBe(0)
  expect((await read()).rows).toHaveLength(3)
  expect(asked).toBe(1)
  early(Promise.reject(new TypeError('Failed to fetch')))
  expect((await read()).rows).toHaveLength(3)
  expect(asked).toBe(2)
  early(Promise.resolve(answer(4096)))
  expect((await read(true)).rows).toHaveLength(3)
  expect(asked).toBe(3)
})

test('leaves an early answer alone that is old', () => {
  const answers = { '/api/session': Promise.resolve(new Response('{}')) }
  Object.assign(globalThis, { virtdeckEarly: { at: performance.now() - 60_000, answers } })
  expect(takeEarly('/api/session')).toBeUndefined()
})
