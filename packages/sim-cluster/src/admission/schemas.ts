// virt-api's mutating webhooks validate what they are sent against KubeVirt's own schema, and speak before the CRD's does.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/mutating-webhook/mutators/vm-mutator.go
import { resourceKey, type ApiResource } from '../api/api-resources.ts'
import type { Problem } from '../api/schema-walk.ts'
import { quantityProblem } from '../api/go-types.ts'
import { badRequestBy, invalidBy } from './denials.ts'

const webhooks: Record<string, { name: string; verbs: readonly string[] }> = {
  'virtualmachines.kubevirt.io': { name: 'virtualmachines-mutator.kubevirt.io', verbs: ['create', 'update'] },
  'virtualmachineinstances.kubevirt.io': { name: 'virtualmachineinstances-mutator.kubevirt.io', verbs: ['create'] },
  'virtualmachineinstancemigrations.kubevirt.io': { name: 'migrations-mutator.kubevirt.io', verbs: ['create'] },
  'virtualmachineclones.clone.kubevirt.io': { name: 'virtualmachineclones-mutator.kubevirt.io', verbs: ['create'] },
}

/** Throws 422 as a webhook does that cannot read its object: the first wrong type, else everything that is missing. */
export function refuseUnreadable(resource: ApiResource, verb: 'create' | 'update', problems: readonly Problem[]): void {
  const webhook = webhooks[resourceKey(resource)]
  if (!webhook?.verbs.includes(verb)) return
  // go-openapi names no positions in lists, knows no integers, and takes null for nothing.
  const named = problems.map((problem) => ({ ...problem, path: problem.path.replaceAll(/\[\d+\]/g, '') }))
  const wrong = named.find((problem) => problem.code === 'type' && problem.found !== 'null' && problem.expected !== 'date-time')
  if (wrong?.code === 'type') {
    const found = wrong.found === 'integer' ? 'number' : wrong.found
    throw invalidBy(webhook.name, [{ message: `${wrong.path} in body must be of type ${wrong.expected}: "${found}"` }])
  }
  const missing = named.filter(({ code }) => code === 'required').map(({ path }) => ({ message: `${path} in body is required` }))
  if (missing.length > 0) throw invalidBy(webhook.name, missing)
  for (const problem of problems) {
    const unparsable = problem.code === 'pattern' ? quantityProblem(problem.value) : undefined
    if (unparsable !== undefined) throw badRequestBy(webhook.name, unparsable)
  }
}
