// Everything that may be asked of the API server through virtdeck, as data: what is not here is 404 without a request.
import { groupVersionPath, resources, type Resource } from '@virtdeck/k8s'

export type RouteKind =
  /** JSON in, JSON out. */
  | 'json'
  // KubeVirt's actions: they want every type accepted, and answer with an empty body.
  | 'action'
  | 'image'
  /** A WebSocket with `plain.kubevirt.io`. */
  | 'console'

export type Route = {
  /** HTTP method; WATCH and CONNECT are what `/live` and the consoles ask the same table for. */
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'WATCH' | 'CONNECT'
  /** `:namespace` and `:name` stand for one segment each. */
  template: string
  query: readonly string[]
  kind: RouteKind
}

const listQuery = ['limit', 'continue', 'labelSelector', 'fieldSelector', 'resourceVersion', 'resourceVersionMatch'] as const
const selectorQuery = ['labelSelector', 'fieldSelector'] as const
const writeQuery = ['dryRun', 'fieldManager', 'fieldValidation'] as const
const deleteQuery = ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'] as const

type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

const read: Verb[] = ['get', 'list', 'watch']
const all: Verb[] = [...read, 'create', 'update', 'patch', 'delete']

const r = resources
const verbs: [Resource, Verb[]][] = [
  [r.namespaces, read],
  // Cordoned and labelled, never made or deleted.
  [r.nodes, [...read, 'patch']],
  [r.pods, read],
  [r.events, read],
  [r.configMaps, ['get']],
  // A password or key for a new VM is written, and never read back.
  [r.secrets, ['create', 'patch', 'delete']],
  // Patched to let go of one that a VM owns, so that it outlives the VM.
  [r.persistentVolumeClaims, [...read, 'patch', 'delete']],
  // Whoever drains a node is told whom it would hurt.
  [r.podDisruptionBudgets, read],
  [r.storageClasses, read],
  [r.virtualMachines, all],
  [r.virtualMachineInstances, [...read, 'delete']],
  [r.virtualMachineInstanceMigrations, [...read, 'create', 'delete']],
  [r.virtualMachineSnapshots, all],
  [r.virtualMachineSnapshotContents, read],
  [r.virtualMachineRestores, [...read, 'create', 'delete']],
  [r.virtualMachineClones, [...read, 'create', 'delete']],
  [r.virtualMachineClusterInstancetypes, read],
  [r.virtualMachineClusterPreferences, read],
  [r.dataVolumes, all],
  [r.vmTemplates, all],
]

/** https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/api.go */
const actions: Record<'virtualmachines' | 'virtualmachineinstances', Record<string, 'PUT' | 'GET'>> = {
  virtualmachines: {
    start: 'PUT',
    stop: 'PUT',
    restart: 'PUT',
    migrate: 'PUT',
    addvolume: 'PUT',
    removevolume: 'PUT',
    'expand-spec': 'GET',
  },
  virtualmachineinstances: {
    pause: 'PUT',
    unpause: 'PUT',
    softreboot: 'PUT',
    reset: 'PUT',
    freeze: 'PUT',
    unfreeze: 'PUT',
    addvolume: 'PUT',
    removevolume: 'PUT',
    guestosinfo: 'GET',
    userlist: 'GET',
    filesystemlist: 'GET',
  },
}

const reviews = [
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
  '/apis/authentication.k8s.io/v1/selfsubjectreviews',
]

const groupVersions = [...new Set(verbs.map(([resource]) => groupVersionPath(resource)))]
const documents = ['/version', '/api', '/apis', ...groupVersions, '/openapi/v3', ...groupVersions.map((path) => `/openapi/v3${path}`)]

/** Watched by way of `/live` and answered by this server, not by the API server. */
const own: Route[] = [{ method: 'WATCH', template: '/apis/virtdeck.io/v1/activities', query: [], kind: 'json' }]

export const routes: readonly Route[] = [
  ...own,
  ...verbs.flatMap(([resource, allowed]) => resourceRoutes(resource, allowed)),
  ...Object.entries(actions).flatMap(([plural, names]) =>
    Object.entries(names).map(([name, method]): Route => ({
      method,
      template: subresource(plural, name),
      query: ['dryRun'],
      kind: 'action',
    })),
  ),
  { method: 'GET', template: subresource('virtualmachineinstances', 'vnc/screenshot'), query: ['moveCursor'], kind: 'image' },
  { method: 'CONNECT', template: subresource('virtualmachineinstances', 'vnc'), query: ['preserveSession'], kind: 'console' },
  { method: 'CONNECT', template: subresource('virtualmachineinstances', 'console'), query: [], kind: 'console' },
  ...reviews.map((template): Route => ({ method: 'POST', template, query: [], kind: 'json' })),
  ...documents.map((template): Route => ({
    method: 'GET',
    template,
    query: template.startsWith('/openapi') ? ['hash'] : [],
    kind: 'json',
  })),
]

function subresource(plural: string, name: string): string {
  return `/apis/subresources.kubevirt.io/v1/namespaces/:namespace/${plural}/:name/${name}`
}

function resourceRoutes(resource: Resource, allowed: readonly Verb[]): Route[] {
  const base = groupVersionPath(resource)
  const everywhere = `${base}/${resource.plural}`
  const collection = resource.namespaced ? `${base}/namespaces/:namespace/${resource.plural}` : everywhere
  const object = `${collection}/:name`
  const collections = [...new Set([everywhere, collection])]
  const route = (method: Route['method'], template: string, query: readonly string[]): Route => ({ method, template, query, kind: 'json' })
  const byVerb: Record<Verb, Route[]> = {
    get: [route('GET', object, ['resourceVersion'])],
    list: collections.map((template) => route('GET', template, listQuery)),
    watch: collections.map((template) => route('WATCH', template, selectorQuery)),
    create: [route('POST', collection, writeQuery)],
    update: [route('PUT', object, writeQuery)],
    patch: [route('PATCH', object, [...writeQuery, 'force'])],
    delete: [route('DELETE', object, deleteQuery)],
  }
  return allowed.flatMap((verb) => byVerb[verb])
}
