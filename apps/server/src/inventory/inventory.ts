// The inventory on the main thread: rows from its worker, rights of those who ask, and a view for each set of rights.
import { createHash } from 'node:crypto'
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
  type FromWorker,
  type InventoryResource,
  type Scope,
  type SourceId,
  type ToWorker,
  type Variant,
} from './messages.ts'
import type { ReflectorState } from './reflector.ts'
import { createFleetView, createRowStore, type FleetView, type RowStore } from './rows.ts'
import { startInventoryWorker } from './start-worker.ts'
import { askVisibility, clusterScoped, visibilityKey, visibleVariants, type Visibility } from './visibility.ts'

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
  /** Called whenever a fleet becomes stale or live. */
  onState(listener: () => void): () => void
  /** A tab's rows were not what they should have been: counted, and logged, for it is a fault of this program. */
  mismatched(fleet: Fleet): void
  mismatches(): number
  versions(): { kubernetesVersion?: string; kubevirtVersion?: string }
}

type Source = {
  credential: Credential
  scopes: Partial<Record<InventoryResource, Scope>>
  stores: Map<string, RowStore>
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
  startThread?: () => InventoryThread
}

/** What is used of a worker thread. */
export type InventoryThread = Pick<Worker, 'on' | 'postMessage' | 'terminate'>

export function createInventory({ kubeconfig, upstream, log, recheckMs, startThread = startInventoryWorker }: Options): Inventory {
  const sharedCredential: Credential = { kind: 'kubeconfig', context: kubeconfig.inventoryContext }
  const sources = new Map<SourceId, Source>()
  const views = new Map<string, FleetView>()
  const sourceOf = new WeakMap<FleetView, Source>()
  const rights = new Map<string, { askedAt: number; visibility: Promise<Visibility> }>()
  const stateListeners = new Set<() => void>()
  const closing = new AbortController()
  const readings = new Map<number, { resolve(measurements: Measurements): void; reject(problem: UsageProblem): void }>()
  let lastReading = 0
  let namespaces: string[] = []
  let mismatches = 0
  let versions: { kubernetesVersion?: string; kubevirtVersion?: string } = {}
  let worker = startWorker()

  const post = (message: ToWorker) => worker.postMessage(message)

  function startWorker(): InventoryThread {
    const started = startThread()
    started.on('message', (message: FromWorker) => receive(message))
    started.on('error', (error) => log.error({ err: error }, 'the inventory thread failed'))
    started.on('exit', () => {
      if (closing.signal.aborted) return
      setTimeout(() => restart(), 1_000).unref()
    })
    return started
  }

  /** A new thread reads everything again; rows that are still the same make no change. */
  function restart() {
    if (closing.signal.aborted) return
    worker = startWorker()
    for (const [source, { scopes, stores }] of sources) {
      post({ type: 'start', source, scopes })
      for (const { fleet, variant } of stores.values()) post({ type: 'project', source, fleet, variant })
    }
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
    const source = sources.get(message.source)
    switch (message.type) {
      case 'dial':
        return void answerDial(message.id, source?.credential)
      case 'rows':
        return source?.stores.get(storeKey(message.fleet, message.variant))?.receive(message.whole, message)
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
    const source: Source = { credential, scopes, stores: new Map(), states: new Map(), usedAt: Date.now() }
    sources.set(id, source)
    post({ type: 'start', source: id, scopes })
    return source
  }

  function stopSource(id: SourceId) {
    sources.delete(id)
    post({ type: 'stop', source: id })
    for (const [key, view] of views) {
      if (!key.startsWith(`${id} `)) continue
      view.close()
      views.delete(key)
    }
  }

  function storeOf(id: SourceId, source: Source, fleet: Fleet, variant: Variant): RowStore {
    const key = storeKey(fleet, variant)
    let store = source.stores.get(key)
    if (!store) {
      store = createRowStore(fleet, variant)
      source.stores.set(key, store)
      post({ type: 'project', source: id, fleet, variant })
    }
    return store
  }

  function visibilityOf(session: Session, age: 'known' | 'asked-again' = 'known'): Promise<Visibility> {
    // The tabs of one person check together: a moment old is new enough.
    const maxAgeMs = recheckMs * (age === 'known' ? 0.8 : 0.05)
    const key = identityKey(session.credential)
    const known = rights.get(key)
    if (known && Date.now() - known.askedAt < maxAgeMs) return known.visibility
    const visibility = ask(session.credential)
    rights.set(key, { askedAt: Date.now(), visibility })
    visibility.catch(() => rights.delete(key))
    return visibility
  }

  async function ask(credential: Credential): Promise<Visibility> {
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
    const seen = [...sources.values()].flatMap(({ stores }) => [...stores.values()].flatMap((store) => [...store.sums().keys()]))
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
    const id = `${identityKey(session.credential)}:${visibilityKey(visibility, fleet)}`
    const source = sources.get(id) ?? startSource(id, session.credential, scopesOf(visibility, [own, ...optional]))
    source.usedAt = Date.now()
    return [id, source]
  }

  async function view(session: Session, fleet: Fleet, age: 'known' | 'asked-again' = 'known'): Promise<FleetView> {
    const visibility = await visibilityOf(session, age)
    const { own, optional } = fleetResources[fleet]
    // The first who asks for a fleet begins its reading.
    storeOf(
      shared,
      common,
      fleet,
      variantOf(fleet, () => true),
    )
    await Promise.all([own, ...optional].map(settled))
    const [id, source] = sourceFor(session, fleet, visibility)
    const key = `${id} ${fleet} ${visibilityKey(visibility, fleet)}`
    let found = views.get(key)
    if (!found) {
      const stores = visibleVariants(visibility, fleet).map((variant) => storeOf(id, source, fleet, variant))
      found = createFleetView(fleet, visibility, accessOf(visibility, fleet, stateOf(source, fleetResources[fleet].own)), stores)
      views.set(key, found)
      sourceOf.set(found, source)
    }
    await withTimeout(found.ready, syncTimeoutMs)
    return found
  }

  const sweep = setInterval(() => {
    const now = Date.now()
    for (const [key, known] of rights) if (now - known.askedAt > recheckMs) rights.delete(key)
    for (const [key, found] of views) {
      if (now - found.usedAt() < idleMs) continue
      found.close()
      views.delete(key)
    }
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
  const stores = firstFleets.map((fleet) =>
    storeOf(
      shared,
      common,
      fleet,
      variantOf(fleet, () => true),
    ),
  )
  let read = false
  void Promise.all(stores.map((store) => store.ready)).then(() => (read = true))

  return {
    view,
    ready: () => read,
    state: (view) => fleetState(sourceOf.get(view), view.fleet),
    visibility: (session) => visibilityOf(session),
    readUsage,
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
      for (const found of views.values()) found.close()
      await worker.terminate()
    },
  }
}

const storeKey = (fleet: Fleet, variant: Variant) => `${fleet} ${variant}`

/** Rights belong to a credential, not to a name: two tokens of one user may differ. */
function identityKey(credential: Credential): string {
  return createHash('sha256').update(JSON.stringify(credential)).digest('base64url')
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
