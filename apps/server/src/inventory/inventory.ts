// The inventory on the main thread: rights of those who ask, and a view for each set of rights, whose rows its worker has.
import { createHash, randomBytes } from 'node:crypto'
import type { Worker } from 'node:worker_threads'
import { StatusError } from '@virtdeck/k8s'
import type { Fleet } from '@virtdeck/kubevirt'
import type { Credential, Kubeconfig } from '../auth/kubeconfig.ts'
import type { Session } from '../auth/sessions.ts'
import { refusal } from '../refusal.ts'
import type { Upstream } from '../k8s/upstream.ts'
import type { Logger } from '../logger.ts'
import type { Access } from '../protocol.ts'
import type { Measurements } from '../usage/measurements.ts'
import { UsageProblem } from '../usage/prometheus.ts'
import type { UsageTarget } from '../usage/target.ts'
import { fleetResources, variantOf } from './joins.ts'
import {
  inventoryResources,
  type AboutView,
  type FromWorker,
  type InventoryResource,
  type Scope,
  type SourceId,
  type ToWorker,
  type Variant,
} from './messages.ts'
import type { ReflectorState } from './reflector.ts'
import { createRightOfWay, takeRightOfWay, type RightOfWay } from './right-of-way.ts'
import { startInventoryWorker } from './start-worker.ts'
import { createFleetView, type FleetView, type OpenView } from './view.ts'
import { askVisibility, clusterScoped, visibilityKey, type Visibility } from './visibility.ts'

export type FleetState = { state: 'live' } | { state: 'stale'; since: number }

export type Inventory = AsyncDisposable & {
  /** True once the shared fleets were read, or it is known that they may not be. */
  ready(): boolean
  /**
   * What this session may see of a fleet, by rights that are at most a minute old, or asked for just now. Throws 503
   * when nothing is known yet, and 401 when the cluster no longer accepts the credential.
   */
  view(session: Session, fleet: Fleet, rights?: 'known' | 'asked-again'): Promise<FleetView>
  /** Whether what a view's rows are read from is live. */
  state(view: FleetView): FleetState
  /** What this session may list, by rights that are at most a minute old. Throws as `view` does. */
  visibility(session: Session): Promise<Visibility>
  /** Reads what VMs use, in the inventory's thread. Throws UsageProblem. */
  readUsage(target: UsageTarget): Promise<Measurements>
  /** To be called when bytes go through a console: lists are read with rests while they do. */
  giveWay(): void
  /** Called whenever a fleet becomes stale or live. */
  onState(listener: () => void): () => void
  /** A tab's rows were not what they should have been: counted, and logged, for it is a fault of this program. */
  mismatched(fleet: Fleet): void
  mismatches(): number
  versions(): { kubernetesVersion?: string; kubevirtVersion?: string }
}

type Source = {
  /** Its person's newest; connections are opened with it. */
  credential: Credential
  scopes: Partial<Record<InventoryResource, Scope>>
  /** What the thread has been told to keep, by fleet and variant. */
  projections: Map<string, { fleet: Fleet; variant: Variant; projected: PromiseWithResolver }>
  /** Namespaces that rows have been seen in. */
  namespaces: Set<string>
  /** By resource and namespace. */
  states: Map<string, { resource: InventoryResource; state: ReflectorState }>
  usedAt: number
}

const shared: SourceId = 'shared'
/** Read from the start, whoever looks: the list, and what stands beside it on every page. The others when they are first asked for. */
const firstFleets: readonly Fleet[] = ['virtualmachines', 'nodes', 'virtualmachineinstancemigrations']
const syncTimeoutMs = 20_000
/** Longer than its two queries may take. */
const usageTimeoutMs = 25_000
const idleMs = 120_000
const versionsTtlMs = 10 * 60_000

type Options = {
  kubeconfig: Pick<Kubeconfig, 'dial' | 'inventoryContext' | 'namespaces'>
  upstream: Pick<Upstream, 'json'>
  log: Logger
  recheckMs: number
  startThread?: (way: RightOfWay) => InventoryThread
}

/** What is used of a worker thread. */
export type InventoryThread = Pick<Worker, 'on' | 'postMessage' | 'terminate'>

export function createInventory({ kubeconfig, upstream, log, recheckMs, startThread = startInventoryWorker }: Options): Inventory {
  const sharedCredential: Credential = { kind: 'kubeconfig', context: kubeconfig.inventoryContext }
  const sources = new Map<SourceId, Source>()
  const views = new Map<string, OpenView>()
  const viewsByEpoch = new Map<string, OpenView>()
  const asked = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  let lastAsked = 0
  const sourceOf = new WeakMap<FleetView, Source>()
  const rights = new Map<string, { askedAt: number; visibility: Promise<Visibility> }>()
  const stateListeners = new Set<() => void>()
  const closing = new AbortController()
  const readings = new Map<number, { resolve(measurements: Measurements): void; reject(problem: UsageProblem): void }>()
  let lastReading = 0
  let namespaces: string[] = []
  let mismatches = 0
  let versions: { kubernetesVersion?: string; kubevirtVersion?: string } = {}
  const way = createRightOfWay()
  let worker = startWorker()

  const post = (message: ToWorker) => worker.postMessage(message)

  function startWorker(): InventoryThread {
    const started = startThread(way)
    started.on('message', (message: FromWorker) => receive(message))
    started.on('error', (error) => log.error({ err: error }, 'the inventory thread failed'))
    started.on('exit', () => {
      if (closing.signal.aborted) return
      setTimeout(() => restart(), 1_000).unref()
    })
    return started
  }

  /** A new thread reads everything again, and whoever looks at a fleet starts over. */
  function restart() {
    if (closing.signal.aborted) return
    worker = startWorker()
    for (const { reject } of asked.values()) reject(notYet())
    asked.clear()
    for (const [source, { scopes, projections }] of sources) {
      post({ type: 'start', source, scopes })
      for (const { fleet, variant } of projections.values()) post({ type: 'project', source, fleet, variant })
    }
    const ended = [...views.values()]
    views.clear()
    viewsByEpoch.clear()
    for (const open of ended) open.end()
  }

  /** Asks the thread for something that a view needs. */
  function ask<T extends Asked['type']>(question: Asked & { type: T }): Promise<FromWorker & { type: T }> {
    return new Promise((resolve, reject) => {
      const id = (lastAsked += 1)
      asked.set(id, { resolve, reject })
      post({ ...question, id })
    })
  }

  function receive(message: FromWorker) {
    if (message.type === 'unreadable') {
      log.warn({ fleet: message.fleet, key: message.key, cause: message.message }, 'an object cannot be shown')
      return
    }
    if (message.type === 'usage' || message.type === 'usage-failed') {
      const reading = readings.get(message.id)
      if (message.type === 'usage') reading?.resolve(message.measurements)
      else reading?.reject(new UsageProblem(message.message, message.details))
      return
    }
    if (message.type === 'frame') return viewsByEpoch.get(message.view)?.push(message.seq, bufferOf(message.frame))
    if (message.type === 'view-ready') return viewsByEpoch.get(message.view)?.begin()
    if (message.type === 'snapshot' || message.type === 'digest' || message.type === 'failed') {
      const question = asked.get(message.id)
      asked.delete(message.id)
      if (message.type === 'failed') question?.reject(new Error(message.message))
      else question?.resolve(message as never)
      return
    }
    const source = sources.get(message.source)
    switch (message.type) {
      case 'dial':
        return void answerDial(message.id, source?.credential)
      case 'projected':
        return source?.projections.get(projectionKey(message.fleet, message.variant))?.projected.resolve()
      case 'seen':
        for (const namespace of message.namespaces) source?.namespaces.add(namespace)
        return
      case 'state': {
        source?.states.set(`${message.resource}/${message.namespace ?? ''}`, message)
        if (message.state.phase === 'stale' || message.state.phase === 'refused') {
          const { code, message: text } = message.state.status
          log.warn({ source: message.source.slice(0, 12), resource: message.resource, namespace: message.namespace, code }, text ?? '')
        }
        for (const listener of stateListeners) listener()
        return
      }
      case 'namespaces':
        if (message.source !== shared) return
        // Whose rights were asked namespace by namespace, was not asked about a new one.
        if (message.names.some((name) => !namespaces.includes(name))) rights.clear()
        namespaces = message.names
    }
  }

  async function answerDial(id: number, credential: Credential | undefined) {
    try {
      if (!credential) throw new Error('this source has been stopped')
      post({ type: 'dial', id, dial: await kubeconfig.dial(credential) })
    } catch (error) {
      post({ type: 'dial-failed', id, message: error instanceof Error ? error.message : 'no credential' })
    }
  }

  function startSource(id: SourceId, credential: Credential, scopes: Source['scopes']): Source {
    const source: Source = { credential, scopes, projections: new Map(), namespaces: new Set(), states: new Map(), usedAt: Date.now() }
    sources.set(id, source)
    post({ type: 'start', source: id, scopes })
    return source
  }

  function stopSource(id: SourceId) {
    sources.delete(id)
    post({ type: 'stop', source: id })
    for (const key of views.keys()) if (key.startsWith(`${id} `)) closeView(key)
  }

  /** Has the thread read and keep a fleet, whoever looks at it. Settles once it has. */
  function keep(id: SourceId, source: Source, fleet: Fleet, variant: Variant): Promise<void> {
    const key = projectionKey(fleet, variant)
    let projection = source.projections.get(key)
    if (!projection) {
      projection = { fleet, variant, projected: promiseWithResolver() }
      source.projections.set(key, projection)
      post({ type: 'project', source: id, fleet, variant })
    }
    return projection.projected.promise
  }

  function openView(source: SourceId, fleet: Fleet, visibility: Visibility, access: Access): OpenView {
    const view = randomBytes(9).toString('base64url')
    const open = createFleetView(fleet, view, access, {
      async snapshot(encoding) {
        const { seq, body } = await ask({ type: 'snapshot', view, encoding })
        return { seq, body: bufferOf(body) }
      },
      async digest() {
        const { seq, digest } = await ask({ type: 'digest', view })
        return { seq, digest }
      },
    })
    viewsByEpoch.set(view, open)
    post({ type: 'view', view, source, fleet, visibility, access })
    return open
  }

  function closeView(key: string) {
    const epoch = views.get(key)?.view.epoch
    views.delete(key)
    if (epoch === undefined) return
    viewsByEpoch.delete(epoch)
    post({ type: 'view-close', view: epoch })
  }

  function visibilityOf(session: Session, age: 'known' | 'asked-again' = 'known'): Promise<Visibility> {
    // The tabs of one person check together: a moment old is new enough.
    const maxAgeMs = recheckMs * (age === 'known' ? 0.8 : 0.05)
    const key = identityKey(session.credential)
    const known = rights.get(key)
    if (known && Date.now() - known.askedAt < maxAgeMs) return known.visibility
    const visibility = askRights(session.credential)
    rights.set(key, { askedAt: Date.now(), visibility })
    visibility.catch(() => rights.delete(key))
    return visibility
  }

  async function askRights(credential: Credential): Promise<Visibility> {
    await settled('namespaces')
    const dial = await kubeconfig.dial(credential)
    return askVisibility((path, body) => upstream.json(dial, 'POST', path, body), knownNamespaces())
  }

  function readUsage(target: UsageTarget): Promise<Measurements> {
    const id = (lastReading += 1)
    return new Promise<Measurements>((resolve, reject) => {
      // A thread that ended meanwhile says nothing.
      const timer = setTimeout(() => reject(new UsageProblem('What VMs use could not be read in time.')), usageTimeoutMs)
      readings.set(id, {
        resolve(measurements) {
          clearTimeout(timer)
          resolve(measurements)
        },
        reject(problem) {
          clearTimeout(timer)
          reject(problem)
        },
      })
      post({ type: 'usage', id, target })
    }).finally(() => readings.delete(id))
  }

  /** Where the namespaces may not be listed, those that the kubeconfig names and that rows have been seen in. */
  function knownNamespaces(): string[] {
    const seen = [...sources.values()].flatMap((source) => [...source.namespaces])
    return [...new Set([...namespaces, ...(namespaces.length > 0 ? [] : ['default', ...kubeconfig.namespaces]), ...seen])]
      .filter(Boolean)
      .toSorted()
  }

  /** Waits until the shared source has an answer for a resource, good or bad. */
  async function settled(resource: InventoryResource): Promise<void> {
    const deadline = Date.now() + syncTimeoutMs
    while (!isSettled(sources.get(shared), resource)) {
      const leftMs = deadline - Date.now()
      if (leftMs <= 0 || closing.signal.aborted) throw notYet()
      await stateChange(leftMs)
    }
  }

  function stateChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        stateListeners.delete(done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      stateListeners.add(done)
    })
  }

  /** The shared source, unless its credential may not list what the fleet is made of: then one with the user's own. */
  function sourceFor(session: Session, fleet: Fleet, visibility: Visibility): [SourceId, Source] {
    const { own, optional } = fleetResources[fleet]
    const mayNot = [own, ...optional].some((resource) => {
      const state = stateOf(common, resource)
      return state?.phase === 'refused' && state.status.code !== 404
    })
    if (!mayNot) return [shared, common]
    const id = `${personKey(session.credential)}:${visibilityKey(visibility, fleet)}`
    const source = sources.get(id) ?? startSource(id, session.credential, scopesOf(visibility, [own, ...optional]))
    source.credential = youngerOf(source.credential, session.credential)
    source.usedAt = Date.now()
    return [id, source]
  }

  async function view(session: Session, fleet: Fleet, age: 'known' | 'asked-again' = 'known'): Promise<FleetView> {
    const visibility = await visibilityOf(session, age)
    const { own, optional } = fleetResources[fleet]
    // The first who asks for a fleet begins its reading.
    void keep(shared, common, fleet, fullVariant(fleet))
    await Promise.all([own, ...optional].map(settled))
    const [id, source] = sourceFor(session, fleet, visibility)
    const key = `${id} ${fleet} ${visibilityKey(visibility, fleet)}`
    let found = views.get(key)
    if (!found) {
      found = openView(id, fleet, visibility, accessOf(visibility, fleet, stateOf(source, fleetResources[fleet].own)))
      views.set(key, found)
      sourceOf.set(found.view, source)
    }
    await withTimeout(found.view.ready, syncTimeoutMs)
    return found.view
  }

  const sweep = setInterval(() => {
    const now = Date.now()
    for (const [key, known] of rights) if (now - known.askedAt > recheckMs) rights.delete(key)
    for (const [key, { view: found }] of views) if (now - found.usedAt() >= idleMs) closeView(key)
    for (const [id, source] of sources) {
      const used = [...views.keys()].some((key) => key.startsWith(`${id} `))
      if (used) source.usedAt = now
      else if (id !== shared && now - source.usedAt > idleMs) stopSource(id)
    }
  }, 30_000)

  async function readVersions(): Promise<void> {
    const dial = await kubeconfig.dial(sharedCredential)
    const version = (path: string) =>
      upstream.json<{ gitVersion?: string }>(dial, 'GET', path, undefined, closing.signal).then(
        ({ gitVersion }) => gitVersion,
        () => undefined,
      )
    const [kubernetesVersion, kubevirtVersion] = await Promise.all([
      version('/version'),
      version('/apis/subresources.kubevirt.io/v1/version'),
    ])
    versions = { ...(kubernetesVersion ? { kubernetesVersion } : {}), ...(kubevirtVersion ? { kubevirtVersion } : {}) }
  }
  const refreshVersions = () => void readVersions().catch((error: unknown) => log.debug({ err: error }, 'versions are not known'))
  const versionsTimer = setInterval(refreshVersions, versionsTtlMs)
  refreshVersions()

  const common = startSource(shared, sharedCredential, Object.fromEntries(inventoryResources.map((resource) => [resource, 'all'])))
  let read = false
  void Promise.all(firstFleets.map((fleet) => keep(shared, common, fleet, fullVariant(fleet)))).then(() => (read = true))

  return {
    view,
    ready: () => read,
    state: (view) => fleetState(sourceOf.get(view), view.fleet),
    visibility: (session) => visibilityOf(session),
    readUsage,
    giveWay: takeRightOfWay(way),
    onState(listener) {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    mismatched(fleet) {
      mismatches += 1
      log.error({ fleet, mismatches }, 'the rows of a tab are not what they should be: it starts over')
    },
    mismatches: () => mismatches,
    versions: () => versions,
    async [Symbol.asyncDispose]() {
      closing.abort()
      clearInterval(sweep)
      clearInterval(versionsTimer)
      for (const listener of stateListeners) listener()
      await worker.terminate()
    },
  }
}

type Asked = AboutView extends infer M ? (M extends { id: number } ? Omit<M, 'id'> : never) : never

const projectionKey = (fleet: Fleet, variant: Variant) => `${fleet} ${variant}`

const fullVariant = (fleet: Fleet) => variantOf(fleet, () => true)

/** The same bytes, as Node's own streams like them. */
const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength)

type PromiseWithResolver = { promise: Promise<void>; resolve: () => void }

function promiseWithResolver(): PromiseWithResolver {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve: () => resolve() }
}

/** Rights belong to a credential, not to a name: two tokens of one user may differ. */
const identityKey = (credential: Credential): string => hashOf(credential)

/** Whose source it is: that of a single sign-on outlives its tokens, which are renewed every few minutes. */
const personKey = (credential: Credential): string =>
  credential.kind === 'oidc' ? hashOf([credential.kind, credential.subject]) : identityKey(credential)

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('base64url')

function youngerOf(known: Credential, given: Credential): Credential {
  return known.kind === 'oidc' && given.kind === 'oidc' && given.expiresAt > known.expiresAt ? given : known
}

function statesOf(source: Source | undefined, resource: InventoryResource): ReflectorState[] {
  return [...(source?.states.values() ?? [])].filter((entry) => entry.resource === resource).map(({ state }) => state)
}

/** A resource's state over all its namespaces: refused only where all are. */
function stateOf(source: Source | undefined, resource: InventoryResource): ReflectorState | undefined {
  const states = statesOf(source, resource)
  return states.find(({ phase }) => phase === 'stale') ?? states.find(({ phase }) => phase !== 'refused') ?? states[0]
}

function isSettled(source: Source | undefined, resource: InventoryResource): boolean {
  const states = statesOf(source, resource)
  return states.length > 0 && states.every(({ phase }) => phase !== 'syncing')
}

function fleetState(source: Source | undefined, fleet: Fleet): FleetState {
  const { own, optional } = fleetResources[fleet]
  const stale = [own, ...optional].flatMap((resource) => statesOf(source, resource)).filter((state) => state.phase === 'stale')
  return stale.length > 0 ? { state: 'stale', since: Math.min(...stale.map(({ since }) => since)) } : { state: 'live' }
}

function scopesOf(visibility: Visibility, among: readonly InventoryResource[]): Source['scopes'] {
  return Object.fromEntries(
    among.map((resource) => {
      const reach = visibility[resource]
      return [resource, reach === 'all' ? 'all' : [...reach].toSorted()]
    }),
  )
}

function accessOf(visibility: Visibility, fleet: Fleet, state: ReflectorState | undefined): Access {
  const { own } = fleetResources[fleet]
  const reach = visibility[own]
  if (state?.phase === 'refused' && state.status.code === 404) return { scope: 'forbidden', status: state.status }
  if (reach === 'all') return { scope: 'cluster' }
  if (reach.size > 0) return { scope: 'namespaces', namespaces: [...reach].toSorted() }
  return {
    scope: 'forbidden',
    status: refusal(403, clusterScoped.includes(own) ? `You may not list ${own}.` : `You may not list ${own} in any namespace.`, {
      kind: own,
    }).status,
  }
}

const notYet = (): StatusError =>
  refusal(503, 'The inventory is not read yet: the Kubernetes API server has not answered.', { retryAfterSeconds: 2 })

async function withTimeout(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notYet()), ms)
  })
  await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
