// Verbs on VMs: sent with the user's own rights, acknowledged by a toast, and followed until the cluster shows that
// they came true or why not. Nothing is written into any cache: the rows tell the truth.
import { useMutationState } from '@tanstack/react-query'
import { toStatus } from '@virtdeck/k8s'
import type { ApiRequest, KubeObject } from '@virtdeck/k8s'
import { vmRequest } from '@virtdeck/kubevirt'
import type { VmRow, VmVerb } from '@virtdeck/kubevirt'
import { toast } from '../stores/toasts.ts'
import { k8s } from './client.ts'
import { fleets } from './fleet.ts'
import { objectOutcome, rowOutcome, verbWords } from './outcome.ts'
import type { Outcome } from './outcome.ts'
import { queryClient } from './query-client.ts'
import { watches } from './watch.ts'

/** After this the toast steps back: the row goes on telling what happens. */
const FOLLOW_MS = 10 * 60_000

type VmRef = { namespace: string; name: string }
type VmOptions = Parameters<typeof vmRequest>[2]

const mutationKey = ({ namespace, name }: VmRef) => ['vm', namespace, name]
const toastId = (verb: VmVerb, { uid }: VmRow) => `${verb} ${uid}`

/** The verb that is being sent to a VM just now: its buttons are locked meanwhile. */
export function useVmPending(ref: VmRef): VmVerb | undefined {
  const pending = useMutationState({
    filters: { mutationKey: mutationKey(ref), status: 'pending' },
    select: ({ state }) => state.variables as VmVerb,
  })
  return pending[0]
}

/**
 * Sends a verb and rejects with a StatusError where it is refused: for dialogs, which show that themselves. Once it is
 * accepted a toast follows it to its end. `request` replaces what the verb alone would send.
 */
export async function sendVmVerb(
  verb: VmVerb,
  row: VmRow,
  options?: VmOptions,
  request: ApiRequest = vmRequest(verb, row, options),
): Promise<unknown> {
  const mutation = queryClient
    .getMutationCache()
    .build(queryClient, { mutationKey: mutationKey(row), mutationFn: (_verb: VmVerb) => k8s.send(request) })
  const answer = await mutation.execute(verb)
  toast.running(toastId(verb, row), verbWords(verb, row.name).doing)
  follow(verb, row, request, answer)
  return answer
}

/** Sends a verb without asking anything: the toast shows a refusal, too. */
export async function runVmVerb(verb: VmVerb, row: VmRow, options?: VmOptions): Promise<void> {
  const { doing, undone } = verbWords(verb, row.name)
  toast.running(toastId(verb, row), doing)
  try {
    await sendVmVerb(verb, row, options)
  } catch (error) {
    toast.failed(toastId(verb, row), undone, toStatus(error).message)
  }
}

function follow(verb: VmVerb, before: VmRow, request: ApiRequest, answer: unknown) {
  const id = toastId(verb, before)
  const words = verbWords(verb, before.name)
  const created = request.method === 'POST' ? createdObject(answer) : undefined
  const source = created ? followObject(request.path, created) : followRow(verb, before)
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

/** The collection that was posted to is the one to watch. */
function followObject(path: string, { metadata: { name } }: KubeObject): Source {
  const store = watches.store({ path: path.replace(/\?.*/, ''), fieldSelector: `metadata.name=${name}` })
  return { subscribe: store.subscribe, outcome: () => objectOutcome(store.state().items[0]) }
}

const worksByItself = new Set(['VirtualMachineInstanceMigration', 'VirtualMachineSnapshot', 'VirtualMachineRestore'])

function createdObject(answer: unknown): KubeObject | undefined {
  const object = answer as KubeObject | undefined
  return object?.metadata?.name && worksByItself.has(object.kind ?? '') ? object : undefined
}
