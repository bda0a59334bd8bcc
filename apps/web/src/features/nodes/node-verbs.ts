// What can be done to a node itself.
import { resources, toStatus, type AccessQuestion } from '@virtdeck/k8s'
import type { NodeRow } from '@virtdeck/kubevirt'
import { k8s } from '../../api/client.ts'
import type { Outcome } from '../../api/outcome.ts'
import { toast } from '../../stores/toasts.ts'

export const patchNodes: AccessQuestion = { verb: 'patch', group: '', resource: 'nodes' }

/** Takes a node out of what the scheduler chooses from, or back in. What runs there stays. */
export async function setCordoned({ name }: Pick<NodeRow, 'name'>, cordoned: boolean): Promise<void> {
  await k8s.patch(resources.nodes, { name }, { spec: { unschedulable: cordoned } }, { type: 'merge' })
}

/** The same with a word about it. */
export async function cordonAloud(node: Pick<NodeRow, 'name'>, cordoned: boolean): Promise<void> {
  const id = `cordon ${node.name}`
  toast.running(id, cordoned ? `Cordoning ${node.name}` : `Uncordoning ${node.name}`)
  try {
    await setCordoned(node, cordoned)
    toast.done(id, cordoned ? `Cordoned ${node.name}` : `Uncordoned ${node.name}`)
  } catch (error) {
    toast.failed(id, cordoned ? `Could not cordon ${node.name}` : `Could not uncordon ${node.name}`, toStatus(error).message)
  }
}

/** Sets a label of a node, or takes it away with null; nothing else of it is sent. */
export async function labelNode({ name }: Pick<NodeRow, 'name'>, key: string, value: string | null): Promise<Outcome> {
  await k8s.patch(resources.nodes, { name }, { metadata: { labels: { [key]: value } } }, { type: 'merge' })
  return { kind: 'done' }
}
