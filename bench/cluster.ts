// The simulated cluster under measurement, in a process of its own: a fleet, users with rights of their own, and a
// writer inside of it, so that what is measured is not how fast somebody can send changes.
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { demoUsers } from '../packages/sim-cluster/src/scenarios/demo-users.ts'
import { seedScenario } from '../packages/sim-cluster/src/scenarios/seed-scenario.ts'
import { startSimCluster } from '../packages/sim-cluster/src/sim-cluster.ts'
import { changedLabel, groupUser, onlooker, onlookers } from './names.ts'
import type { StoredObject } from '../packages/sim-cluster/src/storage/storage.ts'

export type ToCluster =
  | { type: 'churn'; id: number; changesPerSecond: number; seconds: number; vms: number }
  | { type: 'time'; id: number }
  | { type: 'watches'; id: number }
  | { type: 'relist'; id: number }

export type FromCluster =
  | { type: 'ready'; url: string; prometheusUrl: string; ca: string; kubeconfig: string; tokens: Record<string, string> }
  /** The last stamp of every VM that was changed, by `namespace/name`, and how many changes there were. */
  | { type: 'churned'; id: number; changes: number; last: Record<string, string> }
  /** Microseconds since the epoch, as stamps are made of it. */
  | { type: 'time'; id: number; us: number }
  /** Open watches of the server, by resource. */
  | { type: 'watches'; id: number; open: Record<string, number> }
  /** Every collection that the server watches was sent to it anew: so many objects. */
  | { type: 'relisted'; id: number; objects: number }

/** A label's value: microseconds since the epoch. */
const microseconds = () => Math.round((performance.timeOrigin + performance.now()) * 1000)

const [vms = 0, groups = 0] = process.argv.slice(2).map(Number)
const vmsKey = 'virtualmachines.kubevirt.io'
const watches = new Map<string, Set<ServerResponse>>()
let relisting: { id: number; left: Set<string>; objects: number } | undefined
const post = (message: FromCluster) => void process.send?.(message)

const cluster = await startSimCluster({
  scenario: {
    users: [
      ...demoUsers,
      ...Array.from({ length: groups }, (_, index) => ({ name: groupUser(index), description: 'sees some namespaces', groups: [] })),
      ...Array.from({ length: groups > 0 ? onlookers : 0 }, (_, index) => ({
        name: onlooker(index),
        description: 'opens consoles',
        groups: ['system:masters'],
      })),
    ],
    seed(storage, clock) {
      seedScenario('fleet', { storage, clock, vms })
      const namespaces = storage.list('namespaces').map(({ metadata }) => metadata.name)
      for (const [at, namespace] of namespaces.entries()) {
        if (groups === 0) break
        const name = groupUser(at % groups)
        storage.create('rolebindings.rbac.authorization.k8s.io', {
          metadata: { name, namespace },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'spectro-vm-viewer' },
          subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
        } as never)
      }
    },
  },
})

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
  const resource = /\/([a-z]+)\?(?:.*&)?watch=(?:1|true)(?:&|$)/.exec(request.url ?? '')?.[1]
  if (!resource || !request.headers['user-agent']?.startsWith('virtdeck/')) return
  const open = watches.get(resource) ?? new Set()
  watches.set(resource, open.add(response))
  response.once('close', () => open.delete(response))
  if (relisting?.left.has(resource)) countInitialEvents(response, resource)
})

/** What is written of a list as a stream, until all is: the next piece is written once the one before has left. */
function countInitialEvents(response: ServerResponse, resource: string) {
  const write = response.write.bind(response) as (...args: unknown[]) => boolean
  const listed: unknown = (chunk: Buffer, ...rest: unknown[]) => {
    if (relisting?.left.has(resource)) {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) relisting.objects += 1
      if (chunk.includes('k8s.io/initial-events-end')) relisting.left.delete(resource)
      if (relisting.left.size === 0) {
        post({ type: 'relisted', id: relisting.id, objects: relisting.objects })
        relisting = undefined
      }
    }
    return write(chunk, ...rest)
  }
  response.write = listed as ServerResponse['write']
}

/** Tells the server that what it has is too old to go on from, as an API server does whose history was compacted. */
function relist({ id }: ToCluster & { type: 'relist' }) {
  const followed = [...watches].filter(([, open]) => open.size > 0)
  relisting = { id, left: new Set(followed.map(([resource]) => resource)), objects: 0 }
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'too old resource version',
    reason: 'Expired',
    code: 410,
  }
  for (const [, open] of followed) for (const response of open) response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)
}

function churn({ id, changesPerSecond, seconds, vms: count }: ToCluster & { type: 'churn' }) {
  const all = cluster.storage.list(vmsKey)
  // Spread over the whole fleet, and so over its namespaces.
  const step = Math.max(1, Math.floor(all.length / count))
  const changed = all.filter((_, index) => index % step === 0).slice(0, count)
  const last: Record<string, string> = {}
  const startedAt = performance.now()
  let changes = 0
  const tick = setInterval(() => {
    const elapsed = (performance.now() - startedAt) / 1000
    for (; changes < Math.min(elapsed, seconds) * changesPerSecond; changes += 1) {
      const { metadata } = changed[changes % changed.length] as StoredObject
      const now = cluster.storage.get(vmsKey, metadata.namespace, metadata.name)
      if (!now) continue
      const stamp = String(microseconds())
      const { resourceVersion: _, ...rest } = now.metadata
      cluster.storage.update(vmsKey, { ...now, metadata: { ...rest, labels: { ...rest.labels, [changedLabel]: stamp } } })
      last[`${metadata.namespace}/${metadata.name}`] = stamp
    }
    if (elapsed < seconds) return
    clearInterval(tick)
    post({ type: 'churned', id, changes, last })
  }, 1)
}

process.on('message', (message: ToCluster) => {
  if (message.type === 'churn') churn(message)
  else if (message.type === 'time') post({ type: 'time', id: message.id, us: microseconds() })
  else if (message.type === 'relist') relist(message)
  else post({ type: 'watches', id: message.id, open: Object.fromEntries([...watches].map(([resource, open]) => [resource, open.size])) })
})
process.once('disconnect', () => process.exit(0))

post({
  type: 'ready',
  url: cluster.url,
  prometheusUrl: cluster.prometheusUrl,
  ca: cluster.caCert,
  kubeconfig: cluster.kubeconfig(),
  tokens: Object.fromEntries(cluster.users.map(({ name, token }) => [name, token])),
})
