// The inventory's thread: it reads fleets, keeps their rows, and makes what tabs are sent, so that the main thread only
// passes it on.
import { parentPort, workerData } from 'node:worker_threads'
import type { Dial } from '../auth/kubeconfig.ts'
import { createUpstream } from '../k8s/upstream.ts'
import { readUsage, UsageProblem } from '../usage/prometheus.ts'
import type { UsageTarget } from '../usage/target.ts'
import type { FromWorker, SourceId, ToWorker } from './messages.ts'
import { createGivingWay, type RightOfWay } from './right-of-way.ts'
import { createSharing } from './sharing.ts'
import { startSource, type Source } from './source.ts'
import { createViews } from './views.ts'

const port = parentPort
if (!port) throw new Error('this is a worker thread')
const post = (message: FromWorker, transfer?: readonly ArrayBuffer[]) => port.postMessage(message, transfer)
const upstream = createUpstream()
const sharing = createSharing()
const giveWay = createGivingWay(workerData as RightOfWay)
const sources = new Map<SourceId, Source>()
const dials = new Map<number, { resolve(dial: Dial): void; reject(error: Error): void }>()
const views = createViews({ post, storeOf: (source, fleet, variant) => sources.get(source)?.store(fleet, variant) })
let dialId = 0

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      return start(message.source, message.scopes)
    case 'stop':
      sources.get(message.source)?.stop()
      sources.delete(message.source)
      return
    case 'project':
      sources.get(message.source)?.store(message.fleet, message.variant)
      return
    case 'dial':
      dials.get(message.id)?.resolve(message.dial)
      dials.delete(message.id)
      return
    case 'dial-failed':
      dials.get(message.id)?.reject(new Error(message.message))
      dials.delete(message.id)
      return
    case 'usage':
      void answerUsage(message.id, message.target)
      return
    default:
      views.handle(message)
  }
})

function start(id: SourceId, scopes: (ToWorker & { type: 'start' })['scopes']) {
  const source = startSource({
    id,
    scopes,
    sharing,
    giveWay,
    post,
    open: async (path, signal) =>
      upstream.send(await dialFor(id), {
        method: 'GET',
        path,
        headers: { accept: 'application/json' },
        signal,
        timeoutMs: path.includes('watch=1') ? 60_000 : 30_000,
      }),
  })
  sources.set(id, source)
}

function dialFor(source: SourceId): Promise<Dial> {
  return new Promise((resolve, reject) => {
    const id = (dialId += 1)
    dials.set(id, { resolve, reject })
    post({ type: 'dial', id, source })
  })
}

async function answerUsage(id: number, target: UsageTarget): Promise<void> {
  try {
    post({ type: 'usage', id, measurements: await readUsage(target, upstream) })
  } catch (error) {
    const { message, details } = error instanceof UsageProblem ? error : new UsageProblem('What VMs use could not be read.', String(error))
    post({ type: 'usage-failed', id, message, details })
  }
}
