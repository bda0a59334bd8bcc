// A real cluster, spoken to as an administrator who impersonates the recorded users.
import type { RequestOptions } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { connect, type Target } from './target.ts'
import { access, recordedUsers } from './world.ts'

const upgradeLimitMs = 5000
/** VMs that were running take their time. */
const emptyLimitMs = 180_000

/** Where a context leads and with which credentials. Throws when the file has no such context. */
async function readConnection(file: string, contextName: string | undefined) {
  const config = new KubeConfig()
  config.loadFromFile(file)
  if (contextName !== undefined) config.setCurrentContext(contextName)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error(`${file} has no context ${contextName ?? config.getCurrentContext() ?? ''}`)
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const { ca, cert, key, servername, rejectUnauthorized } = options
  const authorization = (options.headers as Record<string, string> | undefined)?.['Authorization']
  return {
    url: cluster.server,
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
    token: authorization?.replace(/^Bearer /, ''),
  }
}

/** Makes the recorded users' namespaces and bindings, and removes what the scenes left in the namespaces afterwards. */
export async function kubeconfigTarget(file: string, contextName: string | undefined): Promise<Target> {
  const { token, ...endpoint } = await readConnection(file, contextName)
  const groups = new Map<string, readonly string[]>(recordedUsers.map((user) => [user.name, user.groups]))
  const connection = connect({
    ...endpoint,
    credentials(user) {
      if (user === 'none') return undefined
      const own = token === undefined ? {} : { token }
      if (user === 'admin') return own
      const members = groups.get(user)
      if (!members) return { token: 'bogus' }
      return { ...own, impersonate: { user, uid: `u-${user}`, groups: [...members, 'system:authenticated'] } }
    },
  })
  const post = async (path: string, body: object) => {
    const { status, text } = await connection.send({ user: 'admin', method: 'POST', path, body })
    if (status >= 300 && status !== 409) throw new Error(`${path}: ${status} ${text.slice(0, 300)}`)
  }
  for (const name of ['team-a', 'team-b']) await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const object of access) {
    const { namespace } = object.metadata
    const plural = `${object.kind?.toLowerCase() ?? ''}s`
    await post(`/apis/rbac.authorization.k8s.io/v1/${namespace ? `namespaces/${namespace}/` : ''}${plural}`, object)
  }
  const pass = (ms: number) => sleep(ms)
  return {
    ...connection,
    pass,
    cannotSend: ({ user, headers = {} }) =>
      groups.has(user) && user !== 'admin' && 'Impersonate-User' in headers ? 'Whoever is impersonated cannot impersonate.' : undefined,
    async upgrade(...request) {
      const pending = connection.upgrade(...request)
      for (let waitedMs = 0; waitedMs < upgradeLimitMs && !pending.done(); waitedMs += 100) await pass(100)
      if (!pending.done()) pending.giveUp()
      return pending.answer
    },
    async [Symbol.asyncDispose]() {
      for (const path of collections) await connection.send({ user: 'admin', method: 'DELETE', path })
      for (let waitedMs = 0; waitedMs < emptyLimitMs; waitedMs += 500) {
        const left = await Promise.all(collections.map((path) => connection.send({ user: 'admin', method: 'GET', path })))
        if (left.every(({ status, text }) => status !== 200 || (JSON.parse(text) as { items: unknown[] }).items.length === 0)) return
        await pass(500)
      }
      throw new Error('team-a still holds what a scene left there')
    },
  }
}

/** What scenes leave behind, in the order in which it can go. */
const collections = [
  '/apis/clone.kubevirt.io/v1beta1/namespaces/team-a/virtualmachineclones',
  '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinerestores',
  '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots',
  '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines',
  '/apis/cdi.kubevirt.io/v1beta1/namespaces/team-a/datavolumes',
  '/api/v1/namespaces/team-a/persistentvolumeclaims',
]
