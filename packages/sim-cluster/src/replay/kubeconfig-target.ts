// A real cluster, spoken to as an administrator who impersonates the recorded users.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import { connect, type Target } from './target.ts'
import { access, recordedUsers } from './world.ts'

type Named<T> = { name: string } & T
type Kubeconfig = {
  clusters?: Named<{ cluster: { server: string; 'certificate-authority-data'?: string } }>[]
  users?: Named<{ user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }>[]
  contexts?: Named<{ context: { cluster: string; user: string } }>[]
  'current-context'?: string
}

const decoded = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8'))
const upgradeLimitMs = 5000

/** Throws for kubeconfigs with other credentials than a token or a client certificate in the file itself. */
export function readConnection(file: string, contextName: string | undefined) {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig
  const context = config.contexts?.find(({ name }) => name === (contextName ?? config['current-context']))?.context
  const cluster = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster
  const user = config.users?.find(({ name }) => name === context?.user)?.user
  if (!cluster || !user) throw new Error(`${file} has no context ${contextName ?? config['current-context'] ?? ''}`)
  const cert = decoded(user['client-certificate-data'])
  const key = decoded(user['client-key-data'])
  if (!user.token && !(cert && key)) throw new Error(`${file}: the suite signs in with a token or a client certificate`)
  const caCert = decoded(cluster['certificate-authority-data'])
  return {
    url: cluster.server,
    ...(caCert === undefined ? {} : { caCert }),
    ...(cert && key ? { clientCertificate: { cert, key } } : {}),
    token: user.token,
  }
}

/** Makes the recorded users' namespaces and bindings, and removes what the scenes left in the namespaces afterwards. */
export async function kubeconfigTarget(file: string, contextName: string | undefined): Promise<Target> {
  const { token, ...endpoint } = readConnection(file, contextName)
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
    async upgrade(...request) {
      const pending = connection.upgrade(...request)
      for (let waitedMs = 0; waitedMs < upgradeLimitMs && !pending.done(); waitedMs += 100) await pass(100)
      if (!pending.done()) pending.giveUp()
      return pending.answer
    },
    async [Symbol.asyncDispose]() {
      const kinds = [
        '/apis/clone.kubevirt.io/v1beta1/namespaces/team-a/virtualmachineclones',
        '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinerestores',
        '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots',
        '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines',
        '/apis/cdi.kubevirt.io/v1beta1/namespaces/team-a/datavolumes',
        '/api/v1/namespaces/team-a/persistentvolumeclaims',
      ]
      for (const path of kinds) await connection.send({ user: 'admin', method: 'DELETE', path })
    },
  }
}
