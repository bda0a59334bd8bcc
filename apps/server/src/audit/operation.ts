// What a request to the API server does, in the words of the audit log. Of its body, only names and well-known fields are read.
import type { Passed } from '../k8s/gate.ts'
import type { Change, Target } from './record.ts'

export type Operation = { event: string; target: Target; change: Change }

const nouns: Record<string, string> = {
  virtualmachines: 'vm',
  virtualmachineinstances: 'vmi',
  virtualmachineinstancemigrations: 'migration',
  virtualmachinesnapshots: 'snapshot',
  virtualmachinerestores: 'restore',
  virtualmachineclones: 'clone',
  datavolumes: 'datavolume',
  persistentvolumeclaims: 'pvc',
  secrets: 'secret',
  vmtemplates: 'template',
}

/** What is one object to Kubernetes is a verb on a VM to the person who did it. */
const byAnotherName: Record<string, string> = {
  'migration.create': 'vm.migrate',
  'migration.delete': 'vm.cancel-migration',
  'snapshot.create': 'vm.snapshot',
  'restore.create': 'vm.restore',
  'clone.create': 'vm.clone',
}

/** Names of fields, so that a field's name cannot be somebody's secret. */
const knownFields = [
  'metadata.labels',
  'metadata.annotations',
  'metadata.finalizers',
  'spec.running',
  'spec.runStrategy',
  'spec.template',
  'spec.instancetype',
  'spec.preference',
  'spec.dataVolumeTemplates',
  'spec.updateVolumesStrategy',
  'spec.vmiName',
  'spec.source',
  'spec.target',
]
const maxFields = 12
const nameShape = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const verbs: Record<string, Change['verb']> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

/** A write: anything that is neither a read nor a question about rights. Undefined for those. */
export function operationOf(method: string, passed: Passed, body: Buffer, contentType?: string): Operation | undefined {
  const verb = verbs[method]
  if (!verb || passed.template.includes('review')) return undefined
  const { group, resource, subresource } = partsOf(passed.template)
  const sent = parse(body)
  const noun = nouns[resource] ?? resource
  const event = subresource ? `vm.${subresource.replaceAll('/', '-')}` : `${noun}.${verb}`
  const name = passed.name ?? nameIn(sent)
  const vm = vmOf(resource, name, sent)
  return {
    event: byAnotherName[event] ?? event,
    target: {
      group,
      resource,
      ...(subresource ? { subresource } : {}),
      ...(passed.namespace ? { namespace: passed.namespace.slice(0, 63) } : {}),
      ...(name ? { name } : {}),
      ...(vm ? { vm } : {}),
    },
    change: {
      verb,
      dryRun: passed.query.get('dryRun') === 'All' || asList(at(sent, 'dryRun')).includes('All'),
      bytes: body.length,
      fields: fieldsIn(sent, contentType),
    },
  }
}

/** A console: a read to the API server, a hand on the machine to everybody else. */
export function consoleOperation(passed: Passed): Operation {
  const { group, resource, subresource = '' } = partsOf(passed.template)
  const takeover = passed.query.get('preserveSession') === 'false'
  const { namespace, name } = passed
  return {
    event: `vm.${subresource}`,
    target: {
      group,
      resource,
      subresource,
      ...(namespace ? { namespace: namespace.slice(0, 63) } : {}),
      ...(name ? { name, vm: name } : {}),
    },
    change: { verb: 'get', dryRun: false, bytes: 0, fields: [], ...(takeover ? { takeover } : {}) },
  }
}

/** `/apis/GROUP/VERSION/namespaces/:namespace/RESOURCE/:name/SUBRESOURCE` */
function partsOf(template: string): { group: string; resource: string; subresource?: string } {
  const [, root, ...rest] = template.split('/')
  const group = root === 'apis' ? (rest.shift() ?? '') : ''
  rest.shift()
  if (rest[0] === 'namespaces' && rest[1] === ':namespace' && rest.length > 2) rest.splice(0, 2)
  const [resource = '', , ...subresource] = rest
  return { group, resource, ...(subresource.length > 0 ? { subresource: subresource.join('/') } : {}) }
}

function vmOf(resource: string, name: string | undefined, sent: unknown): string | undefined {
  if (resource === 'virtualmachines' || resource === 'virtualmachineinstances') return name
  for (const path of ['spec.vmiName', 'spec.source.name', 'spec.target.name']) {
    const found = asName(at(sent, path))
    if (found) return found
  }
  return undefined
}

function nameIn(sent: unknown): string | undefined {
  return asName(at(sent, 'metadata.name'))
}

function fieldsIn(sent: unknown, contentType: string | undefined): string[] {
  const named =
    contentType === 'application/json-patch+json'
      ? asList(sent).map((step) => String(at(step, 'path')).slice(1).replace('/', '.').split('/')[0] ?? '')
      : knownFields.filter((path) => at(sent, path) !== undefined)
  return [...new Set(named)].filter((path) => knownFields.includes(path)).slice(0, maxFields)
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function at(value: unknown, path: string): unknown {
  let found = value
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string, unknown>)[key]
  }
  return found
}

const asName = (value: unknown) => (typeof value === 'string' && nameShape.test(value) ? value : undefined)
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
