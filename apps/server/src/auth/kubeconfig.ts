// The kubeconfig, and how to reach its cluster as one of its users or as the bearer of a token.
import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { KubeConfig, type User } from '@kubernetes/client-node'
import { z } from 'zod'
import { ConfigError, type ServerConfig } from '../config.ts'
import { refusal } from '../refusal.ts'
import { parseYaml } from '../yaml-file.ts'
import { createExecCredential, readExecConfig, type ExecCredential } from './exec-credential.ts'
import type { Impersonated } from './impersonation.ts'

/** On whose behalf a request goes to the API server. */
export type Credential =
  | { kind: 'token'; token: string }
  | { kind: 'kubeconfig'; context: string }
  /** What the identity provider vouches for, in milliseconds since the epoch until it has to be renewed. */
  | { kind: 'oidc'; shown: Shown; expiresAt: number; subject: string; refreshToken?: string }

/** What the API server is shown of somebody who signed in at the identity provider: a token of theirs, or whom the server acts as. */
export type Shown = { token: string } | { impersonate: Impersonated }

/** All that it takes to open a connection; plain data, so that it can be sent to the inventory's thread. */
export type Dial = {
  /** The API server, without a slash at its end. */
  url: string
  tls: { ca?: string; cert?: string; key?: string; servername?: string; rejectUnauthorized?: boolean }
  authorization?: string
  /** Whom the bearer of this credential acts as. */
  impersonate?: Impersonated
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
  /** What whoever uses this file should be told of it. */
  warnings: readonly string[]
}

// Exec plugins, token files and the cluster's authority are read again after this long; plugins keep caches of their own.
const dialTtlMs = 5_000

/** Reads the kubeconfig. Throws ConfigError with one clear sentence. */
export function loadKubeconfig(config: Pick<ServerConfig, 'kubeconfig' | 'context' | 'inventoryContext'>): Kubeconfig {
  const source = read(config.kubeconfig)
  const context = config.context ?? source.getCurrentContext()
  const inventoryContext = config.inventoryContext ?? context
  const contexts = new Map<string, Access>()
  for (const name of new Set([context, inventoryContext])) contexts.set(name, accessOf(config.kubeconfig, inContext(source, name)))
  const served = contexts.get(context)?.kubeconfig
  const cluster = served?.getCurrentCluster()
  if (!served || !cluster) throw new ConfigError(`The kubeconfig's context "${context}" names no cluster.`)
  if (!URL.canParse(cluster.server)) throw new ConfigError(`The kubeconfig's server "${cluster.server}" is not a URL.`)

  const cached = new Map<string | undefined, { until: number; dial: Promise<Dial> }>()
  /** By the context's name; without one, the cluster alone. */
  const dialFor = (name: string | undefined, make: () => Promise<Dial>): Promise<Dial> => {
    const known = cached.get(name)
    if (known && known.until > Date.now()) return known.dial
    const dial = make().catch((cause: unknown) => {
      // What an exec plugin prints, or which file is missing, is for whoever runs the server, not for a browser.
      throw Object.assign(refusal(503, 'The kubeconfig’s credential cannot be obtained.'), { cause })
    })
    cached.set(name, { until: Date.now() + dialTtlMs, dial })
    dial.catch(() => cached.delete(name))
    return dial
  }
  const dialAsUser = (name: string): Promise<Dial> => {
    const access = contexts.get(name)
    if (!access) throw new Error(`no such kubeconfig context: ${name}`)
    return dialFor(name, () => dialAs(access))
  }

  return {
    context,
    user: served.getCurrentUser()?.name ?? context,
    clusterName: cluster.name,
    inventoryContext,
    namespaces: [...new Set(source.getContexts().flatMap(({ namespace }) => namespace ?? []))],
    async dial(credential) {
      if (credential.kind === 'kubeconfig') return dialAsUser(credential.context)
      const shown = credential.kind === 'oidc' ? credential.shown : credential
      if ('impersonate' in shown) return { ...(await dialAsUser(inventoryContext)), impersonate: shown.impersonate }
      // A bearer's connections never carry the kubeconfig user's client certificate.
      const { url, tls } = await dialFor(undefined, () => anonymousDial(served))
      return { url, tls, authorization: `Bearer ${shown.token}` }
    },
    warnings: warningsOf(cluster, contexts.get(context)?.impersonate),
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

/** A context's cluster, and how its user proves to be who it is. */
type Access = { kubeconfig: KubeConfig; exec?: () => Promise<ExecCredential>; impersonate?: Impersonated }

/** client-node would run the programs of these with a shell; kubectl knows them no more. */
const safeAuthProviders = ['oidc', 'tokenFile']

/** Plugins are run by a module of ours, and only those of a file that whoever started the server named. Throws ConfigError. */
function accessOf(source: ServerConfig['kubeconfig'], kubeconfig: KubeConfig): Access {
  const user = kubeconfig.getCurrentUser()
  const cluster = kubeconfig.getCurrentCluster()
  const provider: unknown = user?.authProvider?.name
  if (typeof provider === 'string' && !safeAuthProviders.includes(provider))
    throw new ConfigError(
      `The kubeconfig’s user "${user?.name}" has the auth provider "${provider}", which is not supported; kubectl has none, either.`,
    )
  const impersonate = user && impersonatedBy(source, user)
  const access = { kubeconfig, ...(impersonate ? { impersonate } : {}) }
  if (!user?.exec || !cluster) return access
  if (!('file' in source)) throw new ConfigError(`The kubeconfig’s user "${user.name}" has an exec plugin, which only runs from a file.`)
  const withoutPlugin = kubeconfig.users.map((each) => (each.name === user.name ? { ...each, exec: undefined } : each))
  const { clusters, contexts, currentContext } = kubeconfig
  const plain = new KubeConfig()
  plain.loadFromOptions({ clusters, contexts, users: withoutPlugin, currentContext })
  try {
    const exec = createExecCredential(readExecConfig(user.exec), {
      file: source.file,
      cluster: {
        server: cluster.server,
        ...(cluster.caData ? { 'certificate-authority-data': cluster.caData } : {}),
        ...(cluster.skipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
      },
    })
    return { ...access, kubeconfig: plain, exec }
  } catch (cause) {
    throw new ConfigError(`The exec plugin of the kubeconfig’s user "${user.name}" cannot be used: ${(cause as Error).message}.`, { cause })
  }
}

const rawUsers = z.object({
  users: z.array(
    z.object({
      name: z.string(),
      user: z
        .object({
          'as-uid': z.string().nullish(),
          'as-groups': z.array(z.string()).nullish(),
          'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
        })
        .nullish(),
    }),
  ),
})

/** `as` and what belongs to it, most of which client-node does not read. */
function impersonatedBy(source: ServerConfig['kubeconfig'], { name, impersonateUser }: User): Impersonated | undefined {
  if (!impersonateUser) return undefined
  const text = 'text' in source ? source.text : 'file' in source ? readFileSync(source.file, 'utf8') : ''
  const raw = rawUsers.safeParse(parseYaml(text))
  const as = raw.data?.users.find((user) => user.name === name)?.user ?? {}
  return {
    name: impersonateUser,
    groups: as['as-groups'] ?? [],
    ...(as['as-uid'] ? { uid: as['as-uid'] } : {}),
    ...(as['as-user-extra'] ? { extra: as['as-user-extra'] } : {}),
  }
}

function warningsOf(cluster: { skipTLSVerify?: boolean }, impersonate: Impersonated | undefined): string[] {
  return [
    ...(cluster.skipTLSVerify
      ? ['The kubeconfig tells virtdeck not to verify the cluster’s certificate: anybody on the way can read and change everything.']
      : []),
    ...(impersonate ? [`The kubeconfig acts as ${impersonate.name}: whatever is done here is done under that name.`] : []),
  ]
}

async function dialAs({ kubeconfig, exec, impersonate }: Access): Promise<Dial> {
  const [dial, credential] = await Promise.all([dialOf(kubeconfig), exec?.()])
  return {
    ...dial,
    ...(impersonate ? { impersonate } : {}),
    ...(credential?.token ? { authorization: `Bearer ${credential.token}` } : {}),
    ...(credential?.cert ? { tls: { ...dial.tls, cert: credential.cert, key: credential.key } } : {}),
  }
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
