// A view with both of its ends in one thread: what the inventory's thread makes, and what the main thread passes on.
import type { Fleet } from '@virtdeck/kubevirt'
import type { AboutView, FromWorker } from '../inventory/messages.ts'
import type { RowStore } from '../inventory/rows.ts'
import { createFleetView, type FleetView } from '../inventory/view.ts'
import { createViews } from '../inventory/views.ts'
import type { Visibility } from '../inventory/visibility.ts'

/** What `visibility` shows of these stores, all of whose rows are there. */
export async function openView(fleet: Fleet, visibility: Visibility, stores: readonly RowStore[]): Promise<FleetView & { close(): void }> {
  const asked = new Map<number, (answer: never) => void>()
  let lastId = 0
  const views = createViews({
    storeOf: (_source, _fleet, variant) => stores.find((store) => store.variant === variant),
    post(message: FromWorker) {
      if (message.type === 'frame') open.push(message.seq, Buffer.from(message.frame))
      else if (message.type === 'view-ready') open.begin()
      else if ('id' in message) asked.get(message.id)?.(message as never)
    },
  })
  const ask = <T extends 'snapshot' | 'digest'>(message: { type: T } & Omit<AboutView & { type: T }, 'id' | 'view'>) =>
    new Promise<FromWorker & { type: T }>((resolve) => {
      const id = (lastId += 1)
      asked.set(id, resolve)
      views.handle({ ...message, view, id } as never)
    })
  const view = 'epoch'
  const access = { scope: 'cluster' } as const
  const open = createFleetView(fleet, view, access, {
    snapshot: async (encoding) => {
      const { seq, body } = await ask({ type: 'snapshot', encoding })
      return { seq, body: Buffer.from(body) }
    },
    digest: async () => {
      const { seq, digest } = await ask({ type: 'digest' })
      return { seq, digest }
    },
  })
  for (const store of stores) store.complete()
  views.handle({ type: 'view', view, source: 'shared', fleet, visibility, access })
  await open.view.ready
  return { ...open.view, close: () => views.handle({ type: 'view-close', view }) }
}
