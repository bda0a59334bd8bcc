// Everything that can be set: once in the environment, once in the file, with the sentence that docs/configuration.md has of it.
import { z } from 'zod'
import { matchersPattern } from './usage/target.ts'

const authModes = ['oidc', 'oidc-impersonate', 'token', 'local-kubeconfig'] as const
export type AuthMode = (typeof authModes)[number]

export const loopbackHosts: readonly string[] = ['127.0.0.1', '::1', 'localhost']

export type Setting<T = unknown> = {
  /** The environment's name of it; its name in the file is its key in `settings`. */
  env: string
  /** Takes the environment's text as well as the file's value. */
  schema: z.ZodType<T>
  /** As it stands in the documentation; without one, the setting is off. */
  default?: string
  about: string
}

const text = z.string().min(1)
const list = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? value
          .split(/[,\n]/)
          .map((part) => part.trim())
          .filter(Boolean)
      : value,
  z.array(text).min(1),
)
const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean('must be true or false'))
const minutes = (max: number) => z.coerce.number().min(1).max(max)
const instant = z.preprocess(
  (value) => (value instanceof Date ? value.toISOString() : value),
  z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' }).transform((at) => Date.parse(at)),
)

const origin = z.string().refine((value) => {
  if (!URL.canParse(value) || new URL(value).origin !== value) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && [...loopbackHosts, '[::1]'].includes(hostname))
}, 'must be an origin such as https://vms.example.com (plain http only on a loopback name)')

const plainUrl = z.string().refine((value) => {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return /^https?:$/.test(protocol) && !username && !password && !search && !hash
}, 'must be a URL such as https://prometheus.example.com, with no user, query or fragment')

const setting = <T>(env: string, schema: z.ZodType<T>, about: string, byDefault?: string): Setting<T> => ({
  env,
  schema,
  about,
  ...(byDefault === undefined ? {} : { default: byDefault }),
})

export const settings = {
  host: setting(
    'VIRTDECK_HOST',
    text.default('127.0.0.1'),
    'Where to listen. Anything but a loopback address needs `publicOrigin`.',
    '127.0.0.1',
  ),
  port: setting('VIRTDECK_PORT', z.coerce.number().int().min(0).max(65535).default(8080), 'The port; 0 takes a free one.', '8080'),
  publicOrigin: setting(
    'VIRTDECK_PUBLIC_ORIGIN',
    origin.optional(),
    'The one origin under which browsers reach the server, such as `https://vms.example.com`. Any other `Host` is refused.',
  ),
  trustedProxies: setting(
    'VIRTDECK_TRUSTED_PROXIES',
    list.optional(),
    'Networks of the proxies before the server, such as `10.0.0.0/8`: what they say in `X-Forwarded-For` is who asks, for rate limits and the audit log, never who somebody is. Without it, all who come through one proxy share a limit.',
  ),
  peers: setting(
    'VIRTDECK_PEERS',
    list.pipe(z.array(z.string().regex(/^[\w.:[\]-]+$/, 'must be host:port'))).optional(),
    'Where the other replicas are, such as `virtdeck-replicas:8080` of a headless Service: a sign-out here ends the session there. They need the same session keys.',
  ),
  webRoot: setting('VIRTDECK_WEB_ROOT', text.optional(), 'The built web. Without it, the one beside the server.'),
  'cluster.kubeconfig': setting(
    'VIRTDECK_KUBECONFIG',
    text.optional(),
    'The kubeconfig of the cluster to serve. Without it `KUBECONFIG`, and inside a cluster its own service account.',
  ),
  'cluster.context': setting('VIRTDECK_CONTEXT', text.optional(), 'The kubeconfig’s context that is served. Without it, the current one.'),
  'cluster.inventoryContext': setting(
    'VIRTDECK_INVENTORY_CONTEXT',
    text.optional(),
    'The context of the server’s own account, which reads the lists that all share, and impersonates in `oidc-impersonate`. Without it, `cluster.context`.',
  ),
  'cluster.name': setting('VIRTDECK_CLUSTER_NAME', text.max(100).optional(), 'What the cluster is called on the screen.'),
  'cluster.simulated': setting('VIRTDECK_SIMULATED', flag.default(false), 'Says on the screen that the cluster is simulated.', 'false'),
  'auth.mode': setting(
    'VIRTDECK_AUTH_MODE',
    z.enum(authModes).optional(),
    '`oidc`, `oidc-impersonate`, `token` or `local-kubeconfig`. Without it: `oidc` where there is an issuer, `local-kubeconfig` on a loopback address without a public origin, else `token`.',
  ),
  'auth.tokens': setting(
    'VIRTDECK_TOKEN_SIGN_IN',
    flag.default(true),
    'Whether one may sign in by pasting a bearer token, whatever the mode.',
    'true',
  ),
  'auth.attemptsPerMinute': setting(
    'VIRTDECK_SIGN_IN_ATTEMPTS',
    z.coerce.number().int().min(1).max(10_000).optional(),
    'Attempts to sign in from one address that are answered in a minute; more get a 429. 10, with demo users 100.',
    '10',
  ),
  'auth.demoContexts': setting(
    'VIRTDECK_DEMO_CONTEXTS',
    list.optional(),
    'Contexts of the kubeconfig whose users anybody may sign in as with a click. For demonstrations only.',
  ),
  'oidc.issuer': setting('VIRTDECK_OIDC_ISSUER', z.url('must be a URL').optional(), 'The identity provider’s issuer.'),
  'oidc.clientId': setting('VIRTDECK_OIDC_CLIENT_ID', text.optional(), 'The client’s ID there.'),
  'oidc.clientSecret': setting(
    'VIRTDECK_OIDC_CLIENT_SECRET',
    text.optional(),
    'The client’s secret. Without one the client is public, and PKCE alone protects the code.',
  ),
  'oidc.clientSecretFile': setting('VIRTDECK_OIDC_CLIENT_SECRET_FILE', text.optional(), 'A file with the secret, read at the start.'),
  'oidc.scopes': setting(
    'VIRTDECK_OIDC_SCOPES',
    text.optional(),
    'The scopes to ask for, parted by spaces.',
    'openid profile email groups offline_access',
  ),
  'oidc.prompt': setting(
    'VIRTDECK_OIDC_PROMPT',
    text.optional(),
    'The `prompt` that goes along; some providers give refresh tokens only for `consent`.',
  ),
  'oidc.clusterToken': setting(
    'VIRTDECK_OIDC_CLUSTER_TOKEN',
    z.enum(['id_token', 'access_token']).default('id_token'),
    'What the API server is shown in `oidc`: `id_token` or `access_token`.',
    'id_token',
  ),
  'oidc.usernameClaim': setting(
    'VIRTDECK_OIDC_USERNAME_CLAIM',
    text.default('sub'),
    'The claim that names the user in `oidc-impersonate`. With `email`, an address that is not verified is refused.',
    'sub',
  ),
  'oidc.usernamePrefix': setting('VIRTDECK_OIDC_USERNAME_PREFIX', text.optional(), 'Goes before every user’s name in `oidc-impersonate`.'),
  'oidc.groupsClaim': setting('VIRTDECK_OIDC_GROUPS_CLAIM', text.default('groups'), 'The claim that names the groups.', 'groups'),
  'oidc.groupsPrefix': setting('VIRTDECK_OIDC_GROUPS_PREFIX', text.optional(), 'Goes before every group’s name in `oidc-impersonate`.'),
  'oidc.extraClaims': setting(
    'VIRTDECK_OIDC_EXTRA_CLAIMS',
    list.pipe(z.array(z.string().regex(/^[a-z0-9][a-z0-9./-]*=[\w.:/-]+$/, 'must be key=claim, the key in lower case'))).optional(),
    'Claims that become `extra` of the user in `oidc-impersonate`, each as `key=claim`.',
  ),
  'session.keys': setting(
    'VIRTDECK_SESSION_KEYS',
    list.optional(),
    'Keys of the session cookies, each as `kid:base64` with 32 random bytes (`openssl rand -base64 32`). The first one seals, all open. Without any, sessions end with the process.',
  ),
  'session.keysFile': setting(
    'VIRTDECK_SESSION_KEYS_FILE',
    text.optional(),
    'A file with such keys, one a line, that is read again when it changes: put a new key first, and take the old one out a day later.',
  ),
  'session.idleMinutes': setting(
    'VIRTDECK_SESSION_IDLE_MINUTES',
    minutes(720).default(30),
    'A session ends after so long without its person, up to 720.',
    '30',
  ),
  'session.minutes': setting('VIRTDECK_SESSION_MINUTES', minutes(1440).default(480), 'And after so long in any case, up to 1440.', '480'),
  'session.notBefore': setting(
    'VIRTDECK_SESSIONS_NOT_BEFORE',
    instant.optional(),
    'Sessions that began before this time are over, such as `2026-01-31T12:00:00Z`.',
  ),
  'session.revokedFile': setting(
    'VIRTDECK_REVOKED_FILE',
    text.optional(),
    'A file that ends sessions while the server runs: `{"notBefore": TIME, "users": {"NAME": TIME}}`. It is read again when it changes.',
  ),
  'log.level': setting(
    'VIRTDECK_LOG_LEVEL',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    '`trace`, `debug`, `info`, `warn`, `error` or `silent`.',
    'info',
  ),
  'metrics.port': setting(
    'VIRTDECK_METRICS_PORT',
    z.coerce.number().int().min(0).max(65535).optional(),
    'Serves `/metrics` for Prometheus on a port of its own. Anybody who reaches it can read it: the numbers name no user and no VM.',
  ),
  'metrics.host': setting('VIRTDECK_METRICS_HOST', text.default('127.0.0.1'), 'The address of that port.', '127.0.0.1'),
  'prometheus.url': setting(
    'VIRTDECK_PROMETHEUS_URL',
    plainUrl.optional(),
    'The base URL of a Prometheus, Thanos or VictoriaMetrics that scrapes KubeVirt: lists then show what VMs use. Without it, they do not.',
  ),
  'prometheus.caFile': setting(
    'VIRTDECK_PROMETHEUS_CA_FILE',
    text.optional(),
    'A file with the authorities (PEM) that its certificate must be from.',
  ),
  'prometheus.tokenFile': setting(
    'VIRTDECK_PROMETHEUS_TOKEN_FILE',
    text.optional(),
    'A file with the bearer token that it is shown, read anew each time. Needs https, but for a loopback address.',
  ),
  'prometheus.matchers': setting(
    'VIRTDECK_PROMETHEUS_MATCHERS',
    z.string().regex(matchersPattern, 'must be label matchers such as cluster="production"').optional(),
    'Label matchers that every series must fit, such as `cluster="production"` where it knows of several clusters.',
  ),
  'audit.file': setting(
    'VIRTDECK_AUDIT_FILE',
    text.optional(),
    'Where the audit log goes. Without a file it goes to stdout, beside the other log; `"kind":"audit"` tells them apart.',
  ),
  'audit.fileMib': setting(
    'VIRTDECK_AUDIT_FILE_MIB',
    z.coerce.number().min(1).max(10_240).default(32),
    'A file that would grow beyond so many MiB becomes FILE.1, FILE.1 becomes FILE.2, and so on.',
    '32',
  ),
  'audit.files': setting('VIRTDECK_AUDIT_FILES', z.coerce.number().int().min(0).max(1000).default(10), 'How many of those are kept.', '10'),
  'audit.key': setting(
    'VIRTDECK_AUDIT_KEY',
    z
      .string()
      .refine((value) => Buffer.from(value, 'base64').length >= 32, 'must be base64 of at least 32 bytes')
      .optional(),
    'The key of the hashes that chain the audit log’s lines (`openssl rand -base64 32`). Without one, whoever can write to the log can compute them anew.',
  ),
} satisfies Record<string, Setting>

export type SettingName = keyof typeof settings

export type SettingValues = { [Name in SettingName]: z.output<(typeof settings)[Name]['schema']> }
