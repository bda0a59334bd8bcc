// What the server is told at its start: a typed config, which `readConfig` makes of the environment and a file.
import type { AuditConfig } from './audit/config.ts'
import type { UsageTarget } from './usage/target.ts'
import { accessSync, constants, readFileSync } from 'node:fs'
import { keyProblems } from './auth/sealed-cookie.ts'
import { networks } from './client-address.ts'
import { loopbackHosts, settings, type AuthMode, type Setting, type SettingName, type SettingValues } from './settings.ts'
import { parseYaml } from './yaml-file.ts'

export type OidcConfig = {
  /** `https://login.example.com/realms/main`; plain http only on the loopback interface. */
  issuer: string
  clientId: string
  /** Without one, the client is public, and PKCE alone protects the code. */
  clientSecret?: string
  /** `openid profile email groups offline_access` unless told otherwise. */
  scopes?: string
  prompt?: string
  /** What the API server is shown; an ID token unless told otherwise. */
  clusterToken?: 'id_token' | 'access_token'
  /** `groups` unless told otherwise. */
  groupsClaim?: string
  /** Whom the server's own account impersonates, where the API server does not take the provider's tokens. */
  impersonate?: { usernameClaim?: string; usernamePrefix?: string; groupsPrefix?: string; extraClaims?: Record<string, string> }
}

export type DemoUser = { name: string; description: string; token: string }

export type ServerConfig = {
  /** Where to listen. Anything but a loopback address needs a publicOrigin. */
  host: string
  /** 0 takes a free one. */
  port: number
  /** The built web: index.html and its assets. */
  webRoot: string
  kubeconfig: { text: string } | { file: string } | { inCluster: true }
  /** The kubeconfig context whose cluster is served; without it, the current one. */
  context?: string
  /** The kubeconfig context whose user keeps the inventory; without it, that of `context`. */
  inventoryContext?: string
  /** Refuse to start while the cluster cannot be reached; without it, the server waits for the cluster. */
  requireCluster?: boolean
  /** Without it, `authModeOf` says which. */
  authMode?: AuthMode
  /** Whether one may paste a token, whatever the mode; one may unless told otherwise. */
  tokenSignIn?: boolean
  /** From one address; 10, with demo users 100. */
  signInAttemptsPerMinute?: number
  /** Users who may sign in with a click. Their tokens never leave the server. */
  demoUsers?: DemoUser[]
  /** Single sign-on with an identity provider whose tokens the cluster accepts, or whose people the server impersonates. */
  oidc?: OidcConfig
  /** `kid:base64` of at least 32 bytes each; the first one seals, all open. Without any, sessions end with the process. */
  sessionKeys?: string[]
  /** A file with such keys, which is read again when it changes. */
  sessionKeysFile?: string
  /** The one origin under which browsers reach the server, such as `https://vms.example.com`. */
  publicOrigin?: string
  /** `host:port` of the other replicas, or of a name that has all their addresses. */
  peers?: string[]
  /** Networks whose X-Forwarded-For is believed, for rate limits and the audit log. */
  trustedProxies?: string[]
  session?: {
    idleMs?: number
    absoluteMs?: number
    /** Sessions that began before are over; milliseconds since the epoch. */
    notBefore?: number
    /** Ends sessions while the server runs; see auth/revocations.ts. */
    revokedFile?: string
    /** After how long each time a credential that the cluster refused is shown to it again, before its session ends: see auth/doubt.ts. */
    doubtMs?: number[]
  }
  /** How long a request's headers, and all of it, may take to arrive (10 s, 30 s), and the API server's answer to begin (30 s). */
  timeouts?: { headersMs?: number; requestMs?: number; upstreamMs?: number }
  /** How often the rights behind open streams and cached lists are asked for again; 60 s. */
  recheckMs?: number
  /** How often files that may change are looked at; 5 s. */
  rereadMs?: number
  logLevel?: string
  /** Where the server's own log goes instead of stdout. */
  logTo?: { write(line: string): void }
  audit?: AuditConfig
  /** Where metrics are served, apart from everything else; nowhere, if not said. */
  metrics?: { host: string; port: number }
  /** Who knows what VMs use, and how often it is asked at most (30 s); nobody, if not said. */
  prometheus?: UsageTarget & { everyMs?: number }
  clusterName?: string
  simulated?: boolean
}

/** A config that cannot be used; the message lists everything that is wrong with it, a line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** How people sign in, where it is not said. */
export function authModeOf(
  config: Pick<ServerConfig, 'authMode' | 'oidc' | 'demoUsers' | 'host' | 'publicOrigin' | 'kubeconfig'>,
): AuthMode {
  if (config.authMode) return config.authMode
  if (config.oidc) return 'oidc'
  const alone = loopbackHosts.includes(config.host) && !config.publicOrigin && !config.demoUsers?.length
  return alone && 'file' in config.kubeconfig ? 'local-kubeconfig' : 'token'
}

type Problem = { setting: SettingName; message: string }

/** Everything that is wrong with a config as a whole; each setting for itself is its schema's business. */
export function configProblems(config: ServerConfig): Problem[] {
  const { host, publicOrigin, kubeconfig, demoUsers, oidc, prometheus, sessionKeys = [], tokenSignIn = true } = config
  const mode = authModeOf(config)
  const problems: Problem[] = []
  const need = (good: boolean, setting: SettingName, message: string) => void (good || problems.push({ setting, message }))
  const singleSignOn = mode === 'oidc' || mode === 'oidc-impersonate'

  if (mode === 'local-kubeconfig') {
    need(
      loopbackHosts.includes(host),
      'host',
      `must be a loopback address in local-kubeconfig, where whoever connects is you; it is ${host}`,
    )
    need(!publicOrigin, 'publicOrigin', 'does not go with local-kubeconfig, which serves this machine alone')
    need('file' in kubeconfig, 'cluster.kubeconfig', 'must name a file in local-kubeconfig')
    need(!demoUsers?.length, 'auth.demoContexts', 'do not go with local-kubeconfig')
  } else {
    const reachable = loopbackHosts.includes(host) || publicOrigin !== undefined
    need(reachable, 'publicOrigin', `is required when the host is not a loopback address but ${host}: the server answers to no other name`)
  }
  need(!singleSignOn || oidc !== undefined, 'oidc.issuer', `is required in ${mode}`)
  need(singleSignOn || !oidc, 'auth.mode', `is ${mode}: an identity provider goes with oidc and oidc-impersonate`)
  need(
    singleSignOn || mode === 'local-kubeconfig' || tokenSignIn || Boolean(demoUsers?.length),
    'auth.tokens',
    'is the only way to sign in',
  )
  if (mode === 'oidc-impersonate') {
    const { usernamePrefix = '', groupsPrefix = '' } = oidc?.impersonate ?? {}
    need(!usernamePrefix.startsWith('system:'), 'oidc.usernamePrefix', 'must not begin with system:, the cluster’s own names')
    need(!groupsPrefix.startsWith('system:'), 'oidc.groupsPrefix', 'must not begin with system:, the cluster’s own names')
  }
  for (const message of keyProblems(sessionKeys)) problems.push({ setting: 'session.keys', message })
  const sharedKeys = sessionKeys.length > 0 || config.sessionKeysFile !== undefined
  need(!config.peers?.length || sharedKeys, 'peers', 'need session keys that all of them share')
  try {
    networks(config.trustedProxies ?? [])
  } catch (error) {
    problems.push({ setting: 'trustedProxies', message: (error as Error).message })
  }
  need(
    !prometheus?.tokenFile || !isPlain(prometheus.url),
    'prometheus.tokenFile',
    'needs an https URL: over plain http, everybody on the way could read the token',
  )
  need(!prometheus?.caFile || prometheus.url.startsWith('https:'), 'prometheus.caFile', 'needs an https URL')
  need(!(sessionKeys.length > 0 && config.sessionKeysFile), 'session.keysFile', 'and session.keys are two sources of the same')
  return problems
}

/** Whether what is sent there leaves this machine for all to read. */
function isPlain(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !loopbackHosts.includes(hostname.replace(/^\[|\]$/g, ''))
}

/** Throws ConfigError with everything that is wrong. */
export function assertUsable(config: ServerConfig): void {
  const problems = configProblems(config)
  if (problems.length > 0) throw new ConfigError(problems.map(({ setting, message }) => `${setting}: ${message}`).join('\n'))
}

/**
 * The config that an environment describes, together with the file that its VIRTDECK_CONFIG names (YAML or JSON), and
 * the kubeconfig contexts that become demo users. The environment goes before the file. Throws ConfigError.
 */
export function readConfig(
  environment: NodeJS.ProcessEnv,
  defaults: { webRoot: string },
): { config: ServerConfig; demoContexts: string[] } {
  const env = Object.fromEntries(Object.entries(environment).filter(([name, value]) => value && !isServiceLink(name, value)))
  const file = env['VIRTDECK_CONFIG'] ? readSettingsFile(env['VIRTDECK_CONFIG']) : new Map<string, unknown>()
  const problems: string[] = []
  /** What to call a setting: as it was given, or as it can be. */
  const called = (name: SettingName) => {
    const given = env[settings[name].env]
    return given || !file.has(name) ? settings[name].env : `${env['VIRTDECK_CONFIG']}: ${name}`
  }

  const values: Record<string, unknown> = {}
  for (const [name, { env: variable, schema }] of Object.entries(settings) as [SettingName, Setting][]) {
    const parsed = schema.safeParse(env[variable] ?? file.get(name))
    if (parsed.success) values[name] = parsed.data
    else problems.push(...parsed.error.issues.map(({ message }) => `${called(name)}: ${message}`))
  }
  for (const name of file.keys())
    if (!Object.hasOwn(settings, name)) problems.push(`${env['VIRTDECK_CONFIG']}: ${name}: there is no such setting`)
  for (const name of Object.keys(env)) {
    const known = name === 'VIRTDECK_CONFIG' || Object.values(settings).some((each) => each.env === name)
    if (name.startsWith('VIRTDECK_') && !known) problems.push(`${name}: there is no such setting`)
  }

  const read = values as Partial<SettingValues>
  const kubeconfig = read['cluster.kubeconfig'] ?? env['KUBECONFIG']
  if (!kubeconfig && !env['KUBERNETES_SERVICE_HOST'])
    problems.push(`${called('cluster.kubeconfig')}: names the kubeconfig of the cluster to serve; it may only be left out inside a cluster`)
  if (Boolean(read['oidc.issuer']) !== Boolean(read['oidc.clientId']))
    problems.push(`${called(read['oidc.issuer'] ? 'oidc.clientId' : 'oidc.issuer')}: single sign-on needs an issuer and a client ID`)
  const config = configOf(read, kubeconfig, defaults, (name, message) => problems.push(`${called(name)}: ${message}`))
  const demoContexts = read['auth.demoContexts'] ?? []
  // Their tokens are read later; that there are some is known now.
  const withDemo =
    demoContexts.length > 0 ? { ...config, demoUsers: demoContexts.map((name) => ({ name, description: '', token: '' })) } : config
  problems.push(...configProblems(withDemo).map(({ setting, message }) => `${called(setting)}: ${message}`))
  if (problems.length > 0) throw new ConfigError([...new Set(problems)].join('\n'))
  return { config, demoContexts }
}

/** Kubernetes tells every pod of a Service called virtdeck in variables that look like ours. */
const isServiceLink = (name: string, value = '') => /^VIRTDECK_(SERVICE_(HOST|PORT)|PORT_\d)/.test(name) || value.startsWith('tcp://')

function configOf(
  read: Partial<SettingValues>,
  kubeconfig: string | undefined,
  defaults: { webRoot: string },
  complain: (name: SettingName, message: string) => void,
): ServerConfig {
  return {
    host: read.host ?? '127.0.0.1',
    port: read.port ?? 0,
    webRoot: read.webRoot ?? defaults.webRoot,
    kubeconfig: kubeconfig ? { file: kubeconfig } : { inCluster: true },
    context: read['cluster.context'],
    inventoryContext: read['cluster.inventoryContext'],
    authMode: read['auth.mode'],
    tokenSignIn: read['auth.tokens'],
    signInAttemptsPerMinute: read['auth.attemptsPerMinute'],
    sessionKeys: read['session.keys'],
    sessionKeysFile: read['session.keysFile'],
    publicOrigin: read.publicOrigin,
    trustedProxies: read.trustedProxies,
    peers: read.peers,
    ...oidcOf(read, complain),
    ...prometheusOf(read, complain),
    session: {
      idleMs: (read['session.idleMinutes'] ?? 30) * 60_000,
      absoluteMs: (read['session.minutes'] ?? 480) * 60_000,
      notBefore: read['session.notBefore'],
      revokedFile: read['session.revokedFile'],
    },
    logLevel: read['log.level'],
    ...(read['metrics.port'] === undefined ? {} : { metrics: { host: read['metrics.host'] ?? '127.0.0.1', port: read['metrics.port'] } }),
    audit: {
      file: read['audit.file'],
      maxFileBytes: (read['audit.fileMib'] ?? 32) * 1024 * 1024,
      maxFiles: read['audit.files'],
      key: read['audit.key'],
    },
    clusterName: read['cluster.name'],
    simulated: read['cluster.simulated'],
  }
}

function prometheusOf(
  read: Partial<SettingValues>,
  complain: (name: SettingName, message: string) => void,
): Pick<ServerConfig, 'prometheus'> {
  const { 'prometheus.url': url, 'prometheus.caFile': caFile, 'prometheus.tokenFile': tokenFile, 'prometheus.matchers': matchers } = read
  const beside = (['prometheus.caFile', 'prometheus.tokenFile', 'prometheus.matchers'] as const).filter((name) => read[name] !== undefined)
  if (!url) {
    // A URL that is given and wrong is complained of already.
    for (const name of beside) complain(name, 'goes with prometheus.url')
    return {}
  }
  for (const [name, file] of [
    ['prometheus.caFile', caFile],
    ['prometheus.tokenFile', tokenFile],
  ] as const) {
    try {
      if (file) accessSync(file, constants.R_OK)
    } catch (error) {
      complain(name, `cannot be read: ${(error as Error).message}`)
    }
  }
  return {
    prometheus: { url: url.replace(/\/+$/, ''), ...(caFile && { caFile }), ...(tokenFile && { tokenFile }), ...(matchers && { matchers }) },
  }
}

function oidcOf(read: Partial<SettingValues>, complain: (name: SettingName, message: string) => void): { oidc?: OidcConfig } {
  const { 'oidc.issuer': issuer, 'oidc.clientId': clientId, 'oidc.clientSecretFile': secretFile } = read
  if (!issuer || !clientId) return {}
  let clientSecret = read['oidc.clientSecret']
  if (secretFile && clientSecret) complain('oidc.clientSecretFile', 'and oidc.clientSecret are two sources of the same')
  else if (secretFile) {
    try {
      clientSecret = readFileSync(secretFile, 'utf8').trim()
    } catch (error) {
      complain('oidc.clientSecretFile', `cannot be read: ${(error as Error).message}`)
    }
  }
  const extraClaims = read['oidc.extraClaims']?.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])
  return {
    oidc: {
      issuer,
      clientId,
      clientSecret,
      scopes: read['oidc.scopes'],
      prompt: read['oidc.prompt'],
      clusterToken: read['oidc.clusterToken'],
      groupsClaim: read['oidc.groupsClaim'],
      ...(read['auth.mode'] === 'oidc-impersonate'
        ? {
            impersonate: {
              usernameClaim: read['oidc.usernameClaim'],
              usernamePrefix: read['oidc.usernamePrefix'],
              groupsPrefix: read['oidc.groupsPrefix'],
              ...(extraClaims ? { extraClaims: Object.fromEntries(extraClaims) } : {}),
            },
          }
        : {}),
    },
  }
}

/** The file's settings by their dotted names. Throws ConfigError for what is no file of settings. */
function readSettingsFile(file: string): Map<string, unknown> {
  let content: unknown
  try {
    content = parseYaml(readFileSync(file, 'utf8')) ?? {}
  } catch (cause) {
    throw new ConfigError(`VIRTDECK_CONFIG: ${file} cannot be read: ${cause instanceof Error ? cause.message : 'unknown error'}`, { cause })
  }
  const found = new Map<string, unknown>()
  const visit = (value: unknown, path: string) => {
    if (
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      !(value instanceof Date) &&
      !Object.hasOwn(settings, path)
    ) {
      for (const [name, inner] of Object.entries(value)) visit(inner, path ? `${path}.${name}` : name)
    } else if (value !== null && value !== '') {
      found.set(path || '(the whole file)', value)
    }
  }
  visit(content, '')
  return found
}
