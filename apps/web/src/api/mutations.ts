// Verbs on VMs: sent with the user's own rights, acknowledged by a toast, and followed until the cluster shows that
// they came true or why not. Nothing is written into any cache: the rows tell the truth.
import type { ApiRequest, KubeObject } from '@virtdeck/k8s'
import { vmRequest } from '@virtdeck/kubevirt'
import type { RequestVerb, VmRequestOptions, VmRow, VmVerb } from '@virtdeck/kubevirt'
import { toast } from '../stores/toasts.ts'
import { k8s } from './client.ts'
import { fleets } from './fleet.ts'
import { objectOutcome, rowOutcome, verbWords } from './outcome.ts'
import type { Outcome } from './outcome.ts'
import { watches } from './watch.ts'

/** After this the toast steps back: the row goes on telling what happens. */
const FOLLOW_MS = 10 * 60_000

/** Sends a verb that is one request; rejects with a StatusError where it is refused, which the caller shows. */
export function sendVmVerb(verb: RequestVerb, row: VmRow, options?: VmRequestOptions): Promise<unknown> {
  return sendVmRequest(verb, row, vmRequest(verb, row, options))
}

/** The same for a verb whose request says more than its name. Once it is accepted a toast follows it to its end. */
export async function sendVmRequest(verb: VmVerb, row: VmRow, request: ApiRequest): Promise<unknown> {
  const answer = await k8s.send(request)
  follow(verb, row, request.method === 'POST' ? followed(request.path, answer) : undefined)
  return answer
}

function follow(verb: VmVerb, row: VmRow, created: Source | undefined) {
  const id = `${verb} ${row.uid}`
  const words = verbWords(verb, row.name)
  const source = created ?? followRow(verb, row)
  toast.running(id, words.doing)
  const stop = () => {
    unsubscribe()
    clearTimeout(giveUp)
  }
  const check = () => {
    const outcome = source.outcome()
    if (outcome.kind === 'running') return
    stop()
    if (outcome.kind === 'done') toast.done(id, words.did)
    else toast.failed(id, words.undone, outcome.cause)
  }
  const unsubscribe = source.subscribe(check)
  const giveUp = setTimeout(() => {
    stop()
    toast.dismiss(id)
  }, FOLLOW_MS)
  check()
}

type Source = { subscribe(listener: () => void): () => void; outcome(): Outcome }

function followRow(verb: VmVerb, before: VmRow): Source {
  const store = fleets.virtualmachines
  return {
    subscribe: (listener) => store.subscribeRow(before, listener),
    outcome: () => (store.state().status === 'ready' ? rowOutcome(verb, before, store.row(before)) : { kind: 'running' }),
  }
}

const worksByItself = new Set(['VirtualMachineInstanceMigration', 'VirtualMachineSnapshot', 'VirtualMachineRestore'])

/** The object that a POST to a collection created, watched there, if it is one that does the verb's work. */
function followed(path: string, answer: unknown): Source | undefined {
  const { kind = '', metadata } = (answer ?? {}) as Partial<KubeObject>
  if (!metadata?.name || !worksByItself.has(kind)) return undefined
  const store = watches.store({ path: path.replace(/\?.*/, ''), fieldSelector: `metadata.name=${metadata.name}` })
  return { subscribe: store.subscribe, outcome: () => objectOutcome(store.state().items[0]) }
}
