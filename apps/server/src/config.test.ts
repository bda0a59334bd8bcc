import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { authModeOf, ConfigError, readConfig } from './config.ts'
import { settings } from './settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'virtdeck-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const read = (env: NodeJS.ProcessEnv) => readConfig(env, { webRoot: '/web' }).config
const key = () => `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`

function file(name: string, content: string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

/** What the config is refused with, a line each. */
function complaints(env: NodeJS.ProcessEnv): string[] {
  try {
    read({ KUBECONFIG: 'x', ...env })
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

test('serves a kubeconfig on the loopback interface with nothing else said', () => {
  const config = read({ KUBECONFIG: '/home/ann/.kube/config' })
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    webRoot: '/web',
    kubeconfig: { file: '/home/ann/.kube/config' },
    simulated: false,
  })
  expect(authModeOf(config)).toBe('local-kubeconfig')
  expect(read({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }).kubeconfig).toEqual({ inCluster: true })
})

test('says everything that is wrong at once, by the name under which it was given [A-01]', () => {
  const path = file('wrong.yaml', 'log: {level: loud}\nsession: {minutes: 0}\nsesion: {minutes: 5}\noidc: {issuer: nowhere}\n')
  const lines = complaints({
    VIRTDECK_CONFIG: path,
    VIRTDECK_HOST: '0.0.0.0',
    VIRTDECK_PORT: '99999',
    VIRTDECK_SESSION_KEYS: 'short:AAAA',
    VIRTDECK_PUBLIC_ORIGIN: 'http://vms.example.com',
    VIRTDECK_OIDC_ISUER: 'x',
  })
  for (const name of [
    `${path}: log.level: `,
    `${path}: session.minutes: `,
    `${path}: oidc.issuer: `,
    `${path}: sesion.minutes: there is no such setting`,
    'VIRTDECK_PORT: ',
    'VIRTDECK_SESSION_KEYS: ',
    'VIRTDECK_PUBLIC_ORIGIN: ',
    'VIRTDECK_OIDC_ISUER: there is no such setting',
  ]) {
    expect(lines.filter((line) => line.startsWith(name))).not.toEqual([])
  }
})

test('reads the same from YAML, from JSON and from the environment, which goes first', () => {
  const keys = [key(), key()]
  const asYaml = file(
    'config.yaml',
    `host: 0.0.0.0\nport: 9000\npublicOrigin: https://vms.example.com\nsession:\n  keys: [${keys.map((each) => `'${each}'`).join(', ')}]\n  idleMinutes: 15\n  notBefore: 2026-01-31T12:00:00Z\nauth: {tokens: false}\noidc: {issuer: https://login.example.com, clientId: virtdeck}\n`,
  )
  const asJson = file(
    'config.json',
    JSON.stringify({
      host: '0.0.0.0',
      port: 9000,
      publicOrigin: 'https://vms.example.com',
      session: { keys, idleMinutes: 15, notBefore: '2026-01-31T12:00:00Z' },
      auth: { tokens: false },
      oidc: { issuer: 'https://login.example.com', clientId: 'virtdeck' },
    }),
  )
  const inEnvironment = {
    VIRTDECK_HOST: '0.0.0.0',
    VIRTDECK_PORT: '9000',
    VIRTDECK_PUBLIC_ORIGIN: 'https://vms.example.com',
    VIRTDECK_SESSION_KEYS: keys.join(','),
    VIRTDECK_SESSION_IDLE_MINUTES: '15',
    VIRTDECK_SESSIONS_NOT_BEFORE: '2026-01-31T12:00:00Z',
    VIRTDECK_TOKEN_SIGN_IN: 'false',
    VIRTDECK_OIDC_ISSUER: 'https://login.example.com',
    VIRTDECK_OIDC_CLIENT_ID: 'virtdeck',
  }
  const expected = read({ KUBECONFIG: 'x', ...inEnvironment })
  expect(expected).toMatchObject({
    port: 9000,
    sessionKeys: keys,
    tokenSignIn: false,
    session: { idleMs: 900_000, notBefore: Date.UTC(2026, 0, 31, 12) },
  })
  for (const path of [asYaml, asJson]) expect(read({ KUBECONFIG: 'x', VIRTDECK_CONFIG: path })).toEqual(expected)
  expect(read({ KUBECONFIG: 'x', VIRTDECK_CONFIG: asYaml, VIRTDECK_PORT: '9001' }).port).toBe(9001)
})

test.each([
  ['a list', '- host'],
  ['a word', 'host'],
  ['no YAML', 'host: [\n'],
  ['a bomb', `a: &a [1]\nb: [${'*a,'.repeat(50)}]`],
])('refuses a file that is %s', (_, content) => {
  expect(complaints({ VIRTDECK_CONFIG: file('odd.yaml', content) })).not.toEqual([])
})

test('says which file cannot be read, and takes the client’s secret from one', () => {
  expect(complaints({ VIRTDECK_CONFIG: '/no/such/file' })).toEqual([expect.stringContaining('/no/such/file cannot be read')])
  const oidc = { KUBECONFIG: 'x', VIRTDECK_OIDC_ISSUER: 'https://login.example.com', VIRTDECK_OIDC_CLIENT_ID: 'virtdeck' }
  const secret = file('secret', 'hush\n')
  expect(read({ ...oidc, VIRTDECK_OIDC_CLIENT_SECRET_FILE: secret }).oidc?.clientSecret).toBe('hush')
  expect(complaints({ ...oidc, VIRTDECK_OIDC_CLIENT_SECRET_FILE: '/no/secret' })).toEqual([
    expect.stringContaining('VIRTDECK_OIDC_CLIENT_SECRET_FILE: cannot be read'),
  ])
  expect(complaints({ ...oidc, VIRTDECK_OIDC_CLIENT_SECRET_FILE: secret, VIRTDECK_OIDC_CLIENT_SECRET: 'x' })).toHaveLength(1)
})

test('listens beyond the loopback interface only under a public origin [A-01]', () => {
  expect(complaints({ VIRTDECK_HOST: '0.0.0.0' })).toEqual([expect.stringContaining('VIRTDECK_PUBLIC_ORIGIN: is required')])
  const config = read({ KUBECONFIG: 'x', VIRTDECK_HOST: '0.0.0.0', VIRTDECK_PUBLIC_ORIGIN: 'https://vms.example.com' })
  expect([config.publicOrigin, authModeOf(config)]).toEqual(['https://vms.example.com', 'token'])
  expect(complaints({ VIRTDECK_PUBLIC_ORIGIN: 'https://vms.example.com/path' })).toEqual([expect.stringContaining('an origin')])
})

const issuer = { VIRTDECK_OIDC_ISSUER: 'https://login.example.com' }
const oidc = { ...issuer, VIRTDECK_OIDC_CLIENT_ID: 'virtdeck' }

test.each<[Record<string, string>, string]>([
  [{ VIRTDECK_AUTH_MODE: 'none' }, 'VIRTDECK_AUTH_MODE: '],
  [issuer, 'VIRTDECK_OIDC_CLIENT_ID: single sign-on needs'],
  [{ VIRTDECK_OIDC_CLIENT_ID: 'virtdeck' }, 'VIRTDECK_OIDC_ISSUER: single sign-on needs'],
  [{ VIRTDECK_AUTH_MODE: 'oidc' }, 'VIRTDECK_OIDC_ISSUER: is required in oidc'],
  [{ VIRTDECK_AUTH_MODE: 'oidc-impersonate' }, 'VIRTDECK_OIDC_ISSUER: is required in oidc-impersonate'],
  [{ VIRTDECK_AUTH_MODE: 'token', ...oidc }, 'VIRTDECK_AUTH_MODE: is token'],
  [
    { VIRTDECK_AUTH_MODE: 'oidc-impersonate', ...oidc, VIRTDECK_OIDC_USERNAME_PREFIX: 'system:' },
    'VIRTDECK_OIDC_USERNAME_PREFIX: must not',
  ],
  [{ VIRTDECK_AUTH_MODE: 'oidc-impersonate', ...oidc, VIRTDECK_OIDC_GROUPS_PREFIX: 'system:x' }, 'VIRTDECK_OIDC_GROUPS_PREFIX: must not'],
  [{ VIRTDECK_AUTH_MODE: 'token', VIRTDECK_TOKEN_SIGN_IN: 'false' }, 'VIRTDECK_TOKEN_SIGN_IN: is the only way'],
  [{ VIRTDECK_SESSIONS_NOT_BEFORE: 'yesterday' }, 'VIRTDECK_SESSIONS_NOT_BEFORE: must be a time'],
])('refuses %j, and says why [A-01]', (env, complaint) => {
  expect(complaints(env)).toContainEqual(expect.stringContaining(complaint))
})

test('serves the kubeconfig’s own user on the loopback interface alone [A-20]', () => {
  const local = { VIRTDECK_AUTH_MODE: 'local-kubeconfig' }
  expect(complaints(local)).toEqual([])
  expect(complaints({ ...local, VIRTDECK_HOST: '::1' })).toEqual([])
  for (const host of ['0.0.0.0', '::', '10.0.0.7', 'example.com'])
    expect(complaints({ ...local, VIRTDECK_HOST: host })).toEqual([expect.stringContaining('VIRTDECK_HOST: must be a loopback address')])
  expect(complaints({ ...local, VIRTDECK_PUBLIC_ORIGIN: 'https://vms.example.com' })).toEqual([
    expect.stringContaining('VIRTDECK_PUBLIC_ORIGIN: does not go with local-kubeconfig'),
  ])
  expect(complaints({ ...local, KUBECONFIG: '', KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toEqual([
    expect.stringContaining('VIRTDECK_KUBECONFIG: must name a file'),
  ])
})

test('does not take what Kubernetes says of a Service called virtdeck for settings', () => {
  const links = {
    VIRTDECK_SERVICE_HOST: '10.0.0.9',
    VIRTDECK_SERVICE_PORT_HTTP: '80',
    VIRTDECK_PORT: 'tcp://10.0.0.9:80',
    VIRTDECK_PORT_80_TCP_ADDR: '10.0.0.9',
  }
  expect(read({ KUBECONFIG: 'x', ...links }).port).toBe(8080)
})

test('takes keys of 32 random bytes and no others, never shows them, and treats an empty variable as not set [A-24]', () => {
  const good = [key(), key()]
  expect(read({ KUBECONFIG: 'x', VIRTDECK_SESSION_KEYS: good.join(',') }).sessionKeys).toEqual(good)
  expect(read({ KUBECONFIG: 'x', VIRTDECK_SESSION_KEYS: '' }).sessionKeys).toBeUndefined()
  const [one = ''] = good
  const again = `again:${one.split(':')[1]}`
  for (const [keys, complaint] of [
    ['short:AAAA', 'has 3 bytes instead of 32'],
    [`long:${randomBytes(33).toString('base64')}`, 'has 33 bytes instead of 32'],
    ['k1', 'must be kid:base64'],
    [`k1:${Buffer.alloc(32, 7).toString('base64')}`, 'is not random'],
    [`k1:${Buffer.from('correct-horse-battery-staple-abc').toString('base64')}`, 'is not random'],
    ['k1:OQINaROshtE9TcZkNAm-5Zs2Pv3xaWytBmc5W7sPX7w=', 'is an example that was published'],
    [`${one},${one}`, 'is there twice'],
    [`${one},${again}`, 'is there twice'],
  ] as const) {
    const lines = complaints({ VIRTDECK_SESSION_KEYS: keys })
    expect([keys, lines]).toEqual([keys, [expect.stringContaining(complaint)]])
    for (const secret of keys.match(/(?<=:)[^,]+/g) ?? []) expect(lines.join()).not.toContain(secret)
  }
  expect(complaints({ VIRTDECK_SESSION_KEYS: one, VIRTDECK_SESSION_KEYS_FILE: '/keys' })).toEqual([expect.stringContaining('two sources')])
})

test('asks a Prometheus where it is told to, with its authorities and a token that only TLS carries [F227]', () => {
  const ca = file('prometheus.pem', 'PEM')
  const token = file('prometheus-token', 'hush')
  const url = 'https://prometheus.example.com/prometheus/'
  expect(read({ KUBECONFIG: 'x' }).prometheus).toBeUndefined()
  expect(
    read({
      KUBECONFIG: 'x',
      VIRTDECK_PROMETHEUS_URL: url,
      VIRTDECK_PROMETHEUS_CA_FILE: ca,
      VIRTDECK_PROMETHEUS_TOKEN_FILE: token,
      VIRTDECK_PROMETHEUS_MATCHERS: 'cluster="fra", job=~"kubevirt.*"',
    }).prometheus,
  ).toEqual({
    url: 'https://prometheus.example.com/prometheus',
    caFile: ca,
    tokenFile: token,
    matchers: 'cluster="fra", job=~"kubevirt.*"',
  })
  expect(complaints({ VIRTDECK_PROMETHEUS_URL: 'http://127.0.0.1:9090', VIRTDECK_PROMETHEUS_TOKEN_FILE: token })).toEqual([])

  const complaint = (env: NodeJS.ProcessEnv) => complaints({ VIRTDECK_PROMETHEUS_URL: url, ...env }).join()
  for (const wrong of ['prometheus', 'ftp://prometheus', 'https://ann:hush@prometheus', 'https://prometheus/?a=b', 'https://prometheus/#a'])
    expect([wrong, complaint({ VIRTDECK_PROMETHEUS_URL: wrong })]).toEqual([
      wrong,
      expect.stringContaining('VIRTDECK_PROMETHEUS_URL: must be a URL'),
    ])
  expect(complaint({ VIRTDECK_PROMETHEUS_URL: 'http://prometheus.example.com', VIRTDECK_PROMETHEUS_TOKEN_FILE: token })).toContain(
    'needs an https URL',
  )
  expect(complaint({ VIRTDECK_PROMETHEUS_URL: 'http://127.0.0.1:9090', VIRTDECK_PROMETHEUS_CA_FILE: ca })).toContain('needs an https URL')
  expect(complaint({ VIRTDECK_PROMETHEUS_TOKEN_FILE: '/nowhere/token' })).toContain('VIRTDECK_PROMETHEUS_TOKEN_FILE: cannot be read')
  expect(complaint({ VIRTDECK_PROMETHEUS_URL: '', VIRTDECK_PROMETHEUS_CA_FILE: ca })).toContain('goes with prometheus.url')
  for (const wrong of ['cluster', 'cluster=fra', 'cluster="fra"} or vector(1', 'cluster="fra",', '{cluster="fra"}', 'cluster="fra" or up'])
    expect([wrong, complaint({ VIRTDECK_PROMETHEUS_MATCHERS: wrong })]).toEqual([wrong, expect.stringContaining('must be label matchers')])
})

test('docs/configuration.md has a line for every setting, with its names, its default and its sentence', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows).toEqual(
    Object.entries(settings).map(
      ([name, setting]) =>
        `| \`${name}\` | \`${setting.env}\` | ${'default' in setting ? `\`${setting.default}\`` : ''} | ${setting.about} |`,
    ),
  )
})
