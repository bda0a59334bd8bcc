// The kubeconfig, and how to reach its cluster as one of its users or as the bearer of a token.
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { ConfigError, type ServerConfig } from '../config.ts'
import { refusal } from '../errors.ts'

/** On whose behalf a request goes to the API server. */
export type Credential =
  | { kind: 'token'; token: string }
  | { kind: 'kubeconfig'; context: string }
  /** A token of the identity provider, in milliseconds since the epoch until it has to be renewed. */
  | { kind: 'oidc'; token: string; expiresAt: number; subject: string; refreshToken?: string }

/** All that it takes to open a connection; plain data, so that it can be sent to the inventory's thread. */
export type Dial = {
  /** The API server, without a slash at its end. */
  url: string
  tls: { ca?: string; cert?: string; key?: string; servername?: string; rejectUnauthorized?: boolean }
  authorization?: string
}

export type Kubeconfig = {
  /** The context that is served, and the user it names. */
  context: string
  user: string
  clusterName: string
  /** The context whose user keeps the inventory. */
  inventoryContext: string
  dial(credential: Credential): Promise<Dial>
  /** Namespaces that the file's contexts name: all that is known where nobody may list them. */
  namespaces: readonly string[]
  /** The bearer token that a context's user has in the file itself, if any. */
  token(context: string): string | undefined
}

// Exec plugins and token files are asked again after this long; they keep their own caches.
const dialTtlMs = 5_000

/** Reads the kubeconfig. Throws ConfigError with one clear sentence. */
export function loadKubeconfig(config: Pick<ServerConfig, 'kubeconfig' | 'context' | 'inventoryContext'>): Kubeconfig {
  const source = read(config.kubeconfig)
  const context = config.context ?? source.getCurrentContext()
  const inventoryContext = config.inventoryContext ?? context
  const contexts = new Map<string, KubeConfig>()
  for (const name of new Set([context, inventoryContext])) contexts.set(name, inContext(source, name))
  const served = contexts.get(context)
  const cluster = served?.getCurrentCluster()
  if (!served || !cluster) throw new ConfigError(`The kubeconfig's context "${context}" names no cluster.`)
  if (!URL.canParse(cluster.server)) throw new ConfigError(`The kubeconfig's server "${cluster.server}" is not a URL.`)

  const cached = new Map<string, { until: number; dial: Promise<Dial> }>()
  const dialAsUser = (name: string): Promise<Dial> => {
    const known = cached.get(name)
    if (known && known.until > Date.now()) return known.dial
    const kubeconfig = contexts.get(name)
    if (!kubeconfig) throw new Error(`no such kubeconfig context: ${name}`)
    const dial = dialOf(kubeconfig).catch((cause: unknown) => {
      // What an exec plugin prints is for whoever runs the server, not for a browser.
      throw Object.assign(refusal(503, 'The kubeconfig’s credential cannot be obtained.'), { cause })
    })
    cached.set(name, { until: Date.now() + dialTtlMs, dial })
    dial.catch(() => cached.delete(name))
    return dial
  }
  const anonymous = anonymousDial(served)

  return {
    context,
    user: served.getCurrentUser()?.name ?? context,
    clusterName: cluster.name,
    inventoryContext,
    namespaces: [...new Set(source.getContexts().flatMap(({ namespace }) => namespace ?? []))],
    async dial(credential) {
      if (credential.kind === 'kubeconfig') return dialAsUser(credential.context)
      // A bearer's connections never carry the kubeconfig user's client certificate.
      return { ...(await anonymous), authorization: `Bearer ${credential.token}` }
    },
    token: (name) => {
      const user = source.getContextObject(name)?.user
      return (user && source.getUser(user)?.token) || undefined
    },
  }
}

function read(source: ServerConfig['kubeconfig']): KubeConfig {
  const kubeconfig = new KubeConfig()
  try {
    if ('text' in source) kubeconfig.loadFromString(source.text)
    else if ('file' in source) kubeconfig.loadFromFile(source.file)
    else kubeconfig.loadFromCluster()
  } catch (cause) {
    const name = 'file' in source ? ` ${source.file}` : ''
    throw new ConfigError(`The kubeconfig${name} cannot be read: ${cause instanceof Error ? cause.message : 'unknown error'}.`, { cause })
  }
  return kubeconfig
}

function inContext(source: KubeConfig, context: string): KubeConfig {
  if (!source.getContextObject(context)) {
    const names = source.getContexts().map(({ name }) => name)
    throw new ConfigError(`The kubeconfig has no context "${context}". It has ${names.join(', ') || 'none'}.`)
  }
  const kubeconfig = new KubeConfig()
  kubeconfig.loadFromOptions({ clusters: source.clusters, users: source.users, contexts: source.contexts, currentContext: context })
  return kubeconfig
}

async function dialOf(kubeconfig: KubeConfig): Promise<Dial> {
  const options: RequestOptions = {}
  await kubeconfig.applyToHTTPSOptions(options)
  const bearer = options.headers && 'Authorization' in options.headers ? options.headers.Authorization : undefined
  const basic = options.auth ? `Basic ${Buffer.from(options.auth).toString('base64')}` : undefined
  const authorization = typeof bearer === 'string' ? bearer : basic
  return {
    url: kubeconfig.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '',
    tls: {
      ...text('ca', options.ca),
      ...text('cert', options.cert),
      ...text('key', options.key),
      ...(options.servername ? { servername: options.servername } : {}),
      ...(options.rejectUnauthorized === false ? { rejectUnauthorized: false } : {}),
    },
    ...(authorization ? { authorization } : {}),
  }
}

function text(name: 'ca' | 'cert' | 'key', value: unknown): Partial<Record<typeof name, string>> {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value.toString() } : {}
}

/** The cluster alone, with no user's credential. */
async function anonymousDial(kubeconfig: KubeConfig): Promise<Dial> {
  const cluster = kubeconfig.getCurrentCluster()
  if (!cluster) throw new ConfigError('The kubeconfig names no cluster.')
  const alone = new KubeConfig()
  alone.loadFromClusterAndUser(cluster, { name: 'bearer' })
  const { url, tls } = await dialOf(alone)
  return { url, tls: { ...tls, cert: undefined, key: undefined } }
}
