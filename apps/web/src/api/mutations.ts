// Verbs on VMs: sent with the user's own rights, acknowledged by a toast, and followed until the cluster shows that
// they came true or why not. Nothing is written into any cache: the rows tell the truth.
import type { ApiRequest, KubeObject } from '@virtdeck/k8s'
import { vmRequest } from '@virtdeck/kubevirt'
import type { RequestVerb, VmRequestOptions, VmRow, VmVerb } from '@virtdeck/kubevirt'
import { toast } from '../stores/toasts.ts'
import { k8s } from './client.ts'
import { fleets } from './fleet.ts'
import { rowOutcome, verbWords, watchedOutcome } from './outcome.ts'
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
  void follow(verb, row, sourceOf(verb, row, request, answer))
  return answer
}

const sourceOf = (verb: VmVerb, row: VmRow, request: ApiRequest, answer: unknown): Source =>
  (request.method === 'POST' ? followed(request.path, answer) : undefined) ?? followRow(verb, row)

/**
 * Sends a verb without a word and resolves with what came of it: `running` where the cluster takes longer than
 * `patienceMs`. Rejects with a StatusError where it is refused.
 */
export async function finishVmVerb(verb: RequestVerb, row: VmRow, options: VmRequestOptions, patienceMs: number): Promise<Outcome> {
  return finishVmRequest(verb, row, vmRequest(verb, row, options), patienceMs)
}

/** The same for a verb whose request says more than its name. */
export async function finishVmRequest(verb: VmVerb, row: VmRow, request: ApiRequest, patienceMs: number): Promise<Outcome> {
  const answer = await k8s.send(request)
  return settled(sourceOf(verb, row, request, answer), patienceMs)
}

async function follow(verb: VmVerb, row: VmRow, source: Source): Promise<void> {
  const id = `${verb} ${row.uid}`
  const words = verbWords(verb, row.name)
  toast.running(id, words.doing)
  const outcome = await settled(source, FOLLOW_MS)
  if (outcome.kind === 'running') toast.dismiss(id)
  else if (outcome.kind === 'done') toast.done(id, words.did)
  else if (outcome.kind === 'unseen') toast.done(id, `${words.doing} was accepted; you may not see how it ends`)
  else toast.failed(id, words.undone, outcome.cause)
}

/** What came of it, or `running` once patience has run out. */
function settled(source: Source, patienceMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const finish = (outcome: Outcome) => {
      unsubscribe()
      clearTimeout(giveUp)
      resolve(outcome)
    }
    const check = () => {
      const outcome = source.outcome()
      if (outcome.kind !== 'running') finish(outcome)
    }
    const unsubscribe = source.subscribe(check)
    const giveUp = setTimeout(() => finish({ kind: 'running' }), patienceMs)
    check()
  })
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
  return { subscribe: store.subscribe, outcome: () => watchedOutcome(store.state()) }
}
