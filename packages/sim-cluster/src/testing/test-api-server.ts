// An API server on a socket, with the users of the captures and without KubeVirt's controllers: what contract tests of
// the Kubernetes side talk to.
import { request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { KubeObject, Status, WatchEvent } from '@virtdeck/k8s'
import { createApiServer } from '../api/api-server.ts'
import type { Admission, Subresources, UserInfo } from '../api/context.ts'
import { clusterRoleAggregation, garbageCollector, namespaceController } from '../api/machinery-controllers.ts'
import { manualClock } from '../clock.ts'
import { runControllers } from '../controllers/controller.ts'
import { loadSchemas } from '../openapi/load.ts'
import { createAuthority, createServingCertificate, type KeyPair } from '../serving/certificates.ts'
import { listen } from '../serving/https-server.ts'
import { kubeconfigText } from '../serving/kubeconfig.ts'
import { createStorage, type Storage, type StoredObject } from '../storage/storage.ts'

export type Answer = { code: number; headers: IncomingHttpHeaders; text: string; json<T = Status>(): T }

export type RequestOptions = { body?: unknown; contentType?: string; headers?: Record<string, string> }

export type WatchStream = AsyncDisposable & {
  response: IncomingMessage
  /** The next event, or undefined once the server has ended the stream. */
  next(): Promise<WatchEvent<StoredObject> | undefined>
}

export type TestApiServer = AsyncDisposable & {
  url: string
  caCert: string
  storage: Storage
  clock: ReturnType<typeof manualClock>
  kubeconfig(user: string): string
  request(user: string, method: string, path: string, options?: RequestOptions): Promise<Answer>
  watch(user: string, path: string, headers?: Record<string, string>): Promise<WatchStream>
  /** Lets the controllers of the API machinery finish what is due. */
  settle(): void
}

const users: UserInfo[] = [
  { username: 'admin', uid: 'u-admin', groups: ['system:masters'] },
  { username: 'operator', uid: 'u-operator', groups: ['kv-operators'] },
  { username: 'viewer', uid: 'u-viewer', groups: ['kv-viewers'] },
  { username: 'alice', uid: 'u-alice', groups: ['team-a'] },
  { username: 'bob', uid: 'u-bob', groups: ['team-b'] },
]

const everything = ['*']
const read = ['get', 'list', 'watch']
const kubevirtGroups = ['kubevirt.io', 'snapshot.kubevirt.io', 'clone.kubevirt.io', 'cdi.kubevirt.io']
const kubevirtResources = [
  'virtualmachines',
  'virtualmachineinstances',
  'virtualmachinesnapshots',
  'virtualmachinerestores',
  'virtualmachineclones',
  'datavolumes',
]
const role = (name: string, rules: object[]): [string, KubeObject] => [
  'clusterroles.rbac.authorization.k8s.io',
  { metadata: { name }, rules },
]
const group = (name: string) => [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }]
const roleRef = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name })
const everywhere = (name: string, to: string): [string, KubeObject] => [
  'clusterrolebindings.rbac.authorization.k8s.io',
  { metadata: { name: `${to}-${name}` }, roleRef: roleRef(name), subjects: group(to) },
]
const within = (namespace: string): [string, KubeObject] => [
  'rolebindings.rbac.authorization.k8s.io',
  { metadata: { name: `${namespace}-edit`, namespace }, roleRef: roleRef('edit'), subjects: group(namespace) },
]

/** The roles as the captures' cluster has them, as far as the tests ask. */
const policy: [string, KubeObject][] = [
  ['namespaces', { metadata: { name: 'default' }, status: { phase: 'Active' } }],
  ['namespaces', { metadata: { name: 'team-a' }, status: { phase: 'Active' } }],
  ['namespaces', { metadata: { name: 'team-b' }, status: { phase: 'Active' } }],
  role('system:basic-user', [
    { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], verbs: ['create'] },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ]),
  role('system:discovery', [
    { nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', '/version'], verbs: ['get'] },
  ]),
  role('edit', [
    { apiGroups: kubevirtGroups, resources: kubevirtResources, verbs: everything },
    {
      apiGroups: ['subresources.kubevirt.io'],
      resources: ['virtualmachineinstances/console', 'virtualmachineinstances/vnc', 'virtualmachineinstances/vnc/screenshot'],
      verbs: ['get'],
    },
    {
      apiGroups: ['subresources.kubevirt.io'],
      resources: ['virtualmachines/start', 'virtualmachines/stop', 'virtualmachines/restart'],
      verbs: ['update'],
    },
    { apiGroups: [''], resources: ['configmaps', 'secrets', 'pods', 'persistentvolumeclaims'], verbs: everything },
  ]),
  role('view', [
    { apiGroups: [...kubevirtGroups, ''], resources: [...kubevirtResources, 'configmaps', 'pods', 'persistentvolumeclaims'], verbs: read },
  ]),
  role('admin', [{ apiGroups: everything, resources: everything, verbs: everything }]),
  everywhere('system:basic-user', 'system:authenticated'),
  everywhere('system:discovery', 'system:authenticated'),
  everywhere('view', 'kv-viewers'),
  everywhere('admin', 'kv-operators'),
  within('team-a'),
  within('team-b'),
]

let certificates: Promise<{ authority: KeyPair; serving: KeyPair }> | undefined

async function makeCertificates() {
  const authority = await createAuthority()
  return { authority, serving: await createServingCertificate(authority, ['127.0.0.1']) }
}

export type TestApiServerOptions = {
  watchCacheCapacity?: number
  admission?(storage: Storage, clock: ReturnType<typeof manualClock>): Admission[]
  subresources?: Subresources
  objects?: [key: string, object: KubeObject][]
}

export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  // Keys take time and hold no state: one pair serves all tests of a file.
  const { authority, serving } = await (certificates ??= makeCertificates())
  const clock = manualClock()
  const storage = createStorage(clock)
  for (const [key, object] of [...policy, ...(options.objects ?? [])]) storage.create(key, object)
  const failures: unknown[] = []
  const runner = runControllers(
    [garbageCollector(storage, clock), namespaceController(storage, clock), clusterRoleAggregation(storage)],
    storage,
    clock,
    (_controller, _key, error) => failures.push(error),
  )
  const token = (user: string) => `token-of-${user}`
  const apiServer = createApiServer(
    {
      storage,
      clock,
      schemas: await loadSchemas(),
      tokens: new Map(users.map((user) => [token(user.username), user])),
      admission: options.admission?.(storage, clock) ?? [],
      subresources: options.subresources ?? { http: new Map(), upgrade: new Map() },
    },
    {
      ...(options.watchCacheCapacity === undefined ? {} : { watchCacheCapacity: options.watchCacheCapacity }),
      onError: (error) => failures.push(error),
    },
  )
  const server = await listen(apiServer, { host: '127.0.0.1', port: 0, ...serving })
  const url = `https://127.0.0.1:${server.port}`

  const open = (user: string, method: string, path: string, { body, contentType, headers }: RequestOptions = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      const sent = httpsRequest(`${url}${path}`, {
        method,
        ca: authority.certificate,
        agent: false,
        headers: {
          Accept: 'application/json',
          ...(user === 'none' ? {} : { Authorization: `Bearer ${token(user)}` }),
          ...(payload === undefined
            ? {}
            : {
                'Content-Type': contentType ?? 'application/json',
                ...(headers?.['Transfer-Encoding'] ? {} : { 'Content-Length': Buffer.byteLength(payload) }),
              }),
          ...headers,
        },
      })
      sent.once('response', resolve)
      sent.once('error', reject)
      sent.end(payload)
    })

  return {
    url,
    caCert: authority.certificate,
    storage,
    clock,
    kubeconfig: (user) => kubeconfigText({ url, caCert: authority.certificate, users: [{ name: user, token: token(user) }] }),
    async request(user, method, path, requestOptions) {
      const response = await open(user, method, path, requestOptions)
      let text = ''
      for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk
      return { code: response.statusCode ?? 0, headers: response.headers, text, json: <T>() => JSON.parse(text) as T }
    },
    async watch(user, path, headers = {}) {
      const response = await open(user, 'GET', path, { headers })
      const events = jsonLines(response)
      return {
        response,
        async next() {
          const { value, done } = await events.next()
          return done ? undefined : (value as WatchEvent<StoredObject>)
        },
        async [Symbol.asyncDispose]() {
          response.destroy()
        },
      }
    },
    settle() {
      clock.advance(0)
    },
    async [Symbol.asyncDispose]() {
      apiServer.stop()
      runner.stop()
      await server[Symbol.asyncDispose]()
      if (failures.length > 0) throw new AggregateError(failures, 'the simulated API server failed')
    },
  }
}

async function* jsonLines(stream: IncomingMessage): AsyncGenerator<unknown> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}
