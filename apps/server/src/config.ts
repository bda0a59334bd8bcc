// What the server is told at its start: a typed config, which `readEnv` makes of the environment.
import { z } from 'zod'
import type { AuditConfig } from './audit/config.ts'

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
  /** Users who may sign in with a click. Their tokens never leave the server. */
  demoUsers?: DemoUser[]
  /** Single sign-on with an identity provider whose tokens the cluster accepts. */
  oidc?: OidcConfig
  /** `kid:base64` of at least 32 bytes each; the first one seals, all open. Without any, sessions end with the process. */
  sessionKeys?: string[]
  /** The one origin under which browsers reach the server, such as `https://vms.example.com`. */
  publicOrigin?: string
  session?: { idleMs?: number; absoluteMs?: number }
  /** How long a request's headers, and all of it, may take to arrive (10 s, 30 s), and the API server's answer to begin (30 s). */
  timeouts?: { headersMs?: number; requestMs?: number; upstreamMs?: number }
  /** How often the rights behind open streams and cached lists are asked for again; 60 s. */
  recheckMs?: number
  logLevel?: string
  audit?: AuditConfig
  clusterName?: string
  simulated?: boolean
}

export const loopbackHosts: readonly string[] = ['127.0.0.1', '::1', 'localhost']

const origin = z.string().refine((text) => {
  if (!URL.canParse(text) || new URL(text).origin !== text) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && [...loopbackHosts, '[::1]'].includes(hostname))
}, 'must be an origin such as https://vms.example.com (plain http only on a loopback name)')

const sessionKey = z
  .string()
  .refine(
    (text) => /^[\w-]{1,16}:[A-Za-z0-9+/_-]+=*$/.test(text) && Buffer.from(text.slice(text.indexOf(':') + 1), 'base64').length >= 32,
    'must be kid:base64 with at least 32 bytes',
  )

const minutes = z.coerce.number().min(1).max(1440)
const list = (text: string) => text.split(',').filter(Boolean)

const environment = z
  .object({
    VIRTDECK_HOST: z.string().default('127.0.0.1'),
    VIRTDECK_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
    VIRTDECK_WEB_ROOT: z.string().optional(),
    VIRTDECK_KUBECONFIG: z.string().optional(),
    KUBECONFIG: z.string().optional(),
    KUBERNETES_SERVICE_HOST: z.string().optional(),
    VIRTDECK_CONTEXT: z.string().optional(),
    VIRTDECK_INVENTORY_CONTEXT: z.string().optional(),
    VIRTDECK_DEMO_CONTEXTS: z.string().transform(list).optional(),
    VIRTDECK_OIDC_ISSUER: z.url().optional(),
    VIRTDECK_OIDC_CLIENT_ID: z.string().optional(),
    VIRTDECK_OIDC_CLIENT_SECRET: z.string().optional(),
    VIRTDECK_OIDC_SCOPES: z.string().optional(),
    VIRTDECK_OIDC_CLUSTER_TOKEN: z.enum(['id_token', 'access_token']).default('id_token'),
    VIRTDECK_SESSION_KEYS: z.string().transform(list).pipe(z.array(sessionKey).min(1)).optional(),
    VIRTDECK_PUBLIC_ORIGIN: origin.optional(),
    VIRTDECK_SESSION_IDLE_MINUTES: minutes.default(30),
    VIRTDECK_SESSION_MINUTES: minutes.default(480),
    VIRTDECK_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    VIRTDECK_CLUSTER_NAME: z.string().max(100).optional(),
    VIRTDECK_SIMULATED: z.enum(['true', 'false']).default('false'),
  })
  .refine((env) => loopbackHosts.includes(env.VIRTDECK_HOST) || env.VIRTDECK_PUBLIC_ORIGIN, {
    path: ['VIRTDECK_PUBLIC_ORIGIN'],
    message: 'is required when VIRTDECK_HOST is not a loopback address: the server answers to no other name',
  })
  .refine((env) => Boolean(env.VIRTDECK_OIDC_ISSUER) === Boolean(env.VIRTDECK_OIDC_CLIENT_ID), {
    path: ['VIRTDECK_OIDC_CLIENT_ID'],
    message: 'goes with VIRTDECK_OIDC_ISSUER: single sign-on needs both',
  })
  .refine((env) => env.VIRTDECK_KUBECONFIG || env.KUBECONFIG || env.KUBERNETES_SERVICE_HOST, {
    path: ['VIRTDECK_KUBECONFIG'],
    message: 'names the kubeconfig of the cluster to serve; it may only be left out inside a cluster',
  })

/** A config that cannot be used; the message lists everything that is wrong with it, a line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** The config that an environment describes, and the kubeconfig contexts that become demo users. */
export function readEnv(env: NodeJS.ProcessEnv, defaults: { webRoot: string }): { config: ServerConfig; demoContexts: string[] } {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
  }
  const read = parsed.data
  const file = read.VIRTDECK_KUBECONFIG ?? read.KUBECONFIG
  return {
    demoContexts: read.VIRTDECK_DEMO_CONTEXTS ?? [],
    config: {
      host: read.VIRTDECK_HOST,
      port: read.VIRTDECK_PORT,
      webRoot: read.VIRTDECK_WEB_ROOT ?? defaults.webRoot,
      kubeconfig: file ? { file } : { inCluster: true },
      context: read.VIRTDECK_CONTEXT,
      inventoryContext: read.VIRTDECK_INVENTORY_CONTEXT,
      sessionKeys: read.VIRTDECK_SESSION_KEYS,
      publicOrigin: read.VIRTDECK_PUBLIC_ORIGIN,
      ...(read.VIRTDECK_OIDC_ISSUER && read.VIRTDECK_OIDC_CLIENT_ID
        ? {
            oidc: {
              issuer: read.VIRTDECK_OIDC_ISSUER,
              clientId: read.VIRTDECK_OIDC_CLIENT_ID,
              clientSecret: read.VIRTDECK_OIDC_CLIENT_SECRET,
              scopes: read.VIRTDECK_OIDC_SCOPES,
              clusterToken: read.VIRTDECK_OIDC_CLUSTER_TOKEN,
            },
          }
        : {}),
      session: { idleMs: read.VIRTDECK_SESSION_IDLE_MINUTES * 60_000, absoluteMs: read.VIRTDECK_SESSION_MINUTES * 60_000 },
      logLevel: read.VIRTDECK_LOG_LEVEL,
      clusterName: read.VIRTDECK_CLUSTER_NAME,
      simulated: read.VIRTDECK_SIMULATED === 'true',
    },
  }
}
