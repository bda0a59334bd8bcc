// A fleet's first picture, read as it comes in: rows are made of one block after the other, never of all in one task.
import { StatusError, statusOfResponse } from '@virtdeck/k8s'
import { decodeRows } from '@virtdeck/kubevirt'
import type { Fleet, FleetRows } from '@virtdeck/kubevirt'
import type { SnapshotHead } from '@virtdeck/server/protocol'
import { inSlices } from './breathe.ts'
import { apiFetch } from './client.ts'

export type SnapshotParts<F extends Fleet> = SnapshotHead<F> & { blocks: AsyncIterable<FleetRows[F][]> | Iterable<FleetRows[F][]> }

/**
 * `fresh`: not one that the server has kept for those who continue it over the socket. Throws the server's Status, or an
 * AbortError.
 */
export async function fetchSnapshot<F extends Fleet>(fleet: F, signal: AbortSignal, fresh: boolean): Promise<SnapshotParts<F>> {
  const response = await apiFetch(`/api/inventory/${fleet}${fresh ? '' : '?followed=true'}`, {
    method: 'GET',
    headers: { accept: 'application/json' },
    signal,
  })
  if (!response.ok) throw new StatusError(statusOfResponse(response.status, await response.text()))
  const lines = linesOf(response)
  const head = await lines.next()
  if (head.done) throw new TypeError('a snapshot begins with its head')
  return { ...(JSON.parse(head.value) as SnapshotHead<F>), blocks: decoded<FleetRows[F]>(lines) }
}

async function* decoded<R>(lines: AsyncIterable<string>): AsyncGenerator<R[]> {
  const slices = inSlices()
  for await (const line of lines) {
    yield decodeRows<R>(line)
    await slices.pause()
  }
}

/** An answer's lines, as they come in. */
export async function* linesOf({ body }: Response): AsyncGenerator<string, undefined> {
  if (!body) return undefined
  const reader = body.getReader()
  // One decoder, not a stream of them: each of those costs every piece some turns of the loop.
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    const parts = (rest + decoder.decode(value, { stream: !done })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
    if (done) break
  }
  if (rest !== '') yield rest
  return undefined
}
