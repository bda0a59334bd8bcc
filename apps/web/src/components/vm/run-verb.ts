// Sends a VM's verbs with the two promises that buttons make: one click is one request, and a reply that got lost on
// its way is not taken for a refusal.
import { StatusError, toStatus, type KubeObject } from '@virtdeck/k8s'
import { vmRequest, type RequestVerb, type VmRequestOptions, type VmRow } from '@virtdeck/kubevirt'
import { k8s } from '../../api/client.ts'
import { sendVmVerb } from '../../api/mutations.ts'
import { verbWords } from '../../api/outcome.ts'
import { toast } from '../../stores/toasts.ts'
import { usePendingVerbs } from './pending-verbs.ts'

/** Rejects with the API server's refusal: for dialogs, which show it themselves. */
export async function sendVerb(verb: RequestVerb, row: VmRow, options?: VmRequestOptions): Promise<void> {
  const { add, remove } = usePendingVerbs.getState()
  add(row, verb)
  try {
    await sendVmVerb(verb, row, options)
    // A snapshot does not show in the VM's row: its own object is what there is to see.
    if (verb === 'snapshot') remove(row.uid, verb)
  } catch (error) {
    if (await cameTrue(verb, row, options, error)) return
    remove(row.uid, verb)
    throw error
  }
}

/** For verbs that act at once: acknowledges and fails in a toast. */
export async function runVerb(verb: RequestVerb, row: VmRow): Promise<void> {
  const { doing, undone } = verbWords(verb, row.name)
  const id = `${verb} ${row.uid}`
  toast.running(id, doing)
  try {
    await sendVerb(verb, row)
  } catch (error) {
    toast.failed(id, undone, toStatus(error).message)
  }
}

/** Creating is not safe to repeat blindly, but whether the object is there can be read. */
async function cameTrue(verb: RequestVerb, row: VmRow, options: VmRequestOptions | undefined, error: unknown): Promise<boolean> {
  const { method, path, body } = vmRequest(verb, row, options)
  const name = (body as KubeObject | undefined)?.metadata?.name
  if (method !== 'POST' || !name || !(error instanceof StatusError) || !outcomeUnknown.has(error.code)) return false
  try {
    await k8s.request('GET', `${path}/${name}`)
    return true
  } catch {
    // Not there, or out of reach still: the first error is the one to show.
    return false
  }
}

/** Bad gateway, unreachable, timeout: the request may have arrived all the same. */
const outcomeUnknown = new Set([502, 503, 504])
