// The views of the inventory's thread: what the main thread asks of them, and what they tell it.
import type { Fleet } from '@virtdeck/kubevirt'
import { encode } from '../encodings.ts'
import { createFleetFrames, type FleetFrames } from './fleet-frames.ts'
import type { AboutView, FromWorker, SourceId, Variant } from './messages.ts'
import type { RowStore } from './rows.ts'
import { visibleVariants } from './visibility.ts'

export type ViewsOptions = {
  /** With the memory that changes hands. */
  post(message: FromWorker, transfer?: readonly ArrayBuffer[]): void
  /** Undefined for a source that has been stopped. */
  storeOf(source: SourceId, fleet: Fleet, variant: Variant): RowStore | undefined
}

export function createViews({ post, storeOf }: ViewsOptions) {
  const views = new Map<string, FleetFrames>()

  const open = ({ view: epoch, source, fleet, visibility, access }: AboutView & { type: 'view' }) => {
    const stores = visibleVariants(visibility, fleet).flatMap((variant) => storeOf(source, fleet, variant) ?? [])
    const send = (seq: number, frame: Uint8Array<ArrayBuffer>) => post({ type: 'frame', view: epoch, seq, frame }, [frame.buffer])
    const frames = createFleetFrames({ fleet, epoch, visibility, access, stores, send })
    views.set(epoch, frames)
    void frames.ready.then(() => post({ type: 'view-ready', view: epoch }))
  }

  const answer = async (frames: FleetFrames | undefined, { id, encoding }: AboutView & { type: 'snapshot' }) => {
    try {
      if (!frames) throw new Error('the view has been closed')
      const { seq, text } = await frames.picture()
      const body = ownBytes(await encode(Buffer.from(text), encoding))
      post({ type: 'snapshot', id, seq, body }, [body.buffer])
    } catch (error) {
      post({ type: 'failed', id, message: String(error) })
    }
  }

  return {
    handle(message: AboutView) {
      const frames = views.get(message.view)
      switch (message.type) {
        case 'view':
          return open(message)
        case 'view-close':
          frames?.close()
          views.delete(message.view)
          return
        case 'snapshot':
          return void answer(frames, message)
        case 'digest':
          return post(
            frames
              ? { type: 'digest', id: message.id, ...frames.digest() }
              : { type: 'failed', id: message.id, message: 'the view has been closed' },
          )
      }
    },
  }
}

/** Memory that can be given away: a small Buffer shares its own with others. */
function ownBytes({ buffer, byteOffset, length }: Buffer): Uint8Array<ArrayBuffer> {
  return length === buffer.byteLength
    ? new Uint8Array(buffer as ArrayBuffer)
    : new Uint8Array(buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer)
}
