// Every place that the server answers at: who gets what there without a session, and that there is no other place.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { areas } from './app.ts'
import { startBehindHostileApi, type BehindHostileApi } from './testing/behind-hostile-api.ts'
import { openBrowser } from './testing/browser.ts'

let stack: BehindHostileApi

beforeAll(async () => {
  stack = await startBehindHostileApi({
    signInAttemptsPerMinute: 10_000,
    oidc: { issuer: 'http://127.0.0.1:1', clientId: 'virtdeck' },
    authMode: 'oidc',
  })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

/** By place: what a stranger is answered, and what another site's page is. */
const expected: Record<string, { places: [method: string, path: string, stranger: number, foreign: number][] }> = {
  '/peers/ended': { places: [['POST', '', 403, 403]] },
  '/api/csp-report': { places: [['POST', '', 415, 403]] },
  '/api/session': {
    places: [
      ['GET', '', 200, 403],
      ['POST', '', 200, 403],
    ],
  },
  '/api/ws-ticket': { places: [['POST', '', 401, 403]] },
  '/api/inventory': { places: [['GET', '/virtualmachines', 401, 403]] },
  '/api/usage': { places: [['GET', '', 401, 403]] },
  '/auth/sign-out': { places: [['POST', '', 200, 403]] },
  '/auth/refresh': { places: [['POST', '', 401, 403]] },
  '/auth': {
    places: [
      ['POST', '/sign-in', 400, 403],
      ['GET', '/login', 403, 403],
      // The identity provider is another site.
      ['GET', '/callback', 400, 400],
    ],
  },
  '/k8s': {
    places: [
      ['GET', '/version', 401, 403],
      ['DELETE', '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01', 401, 403],
    ],
  },
}

const agents = [
  'kube-probe/1.33',
  'GoogleHC/1.0',
  'ELB-HealthChecker/2.0',
  'Amazon-Route53-Health-Check-Service',
  'Prometheus/3.4.0',
  'Blackbox Exporter/0.26',
  'Consul Health Check',
  'Envoy/HC',
  'HAProxy',
  'Go-http-client/1.1',
  'curl/8.14.1',
  'Wget/1.25.0',
  'Pingdom.com_bot_version_1.4',
  'UptimeRobot/2.0',
  'Datadog/Synthetics',
  'StatusCake',
  'Site24x7',
  'NewRelicPinger/1.0',
  'Zabbix',
  'Nagios-plugins check_http',
  'check_http/v2.4',
  'Azure Traffic Manager Endpoint Monitor',
  'AlwaysOn',
  'Googlebot/2.1',
  'oauth2-proxy',
  'traefik',
  'istio-probe',
  'linkerd',
  'Mozilla/5.0',
  '',
]

test('has a policy for every place that it answers at, and answers at no other [A-02]', async () => {
  expect(areas.map(({ at, policy }) => [at, policy])).toEqual([
    ['/peers/ended', 'replicas'],
    ['/api/csp-report', 'anybody'],
    ['/api/session', 'our-pages'],
    ['/api/ws-ticket', 'our-pages'],
    ['/api/inventory', 'our-pages'],
    ['/api/usage', 'our-pages'],
    ['/auth/sign-out', 'our-pages'],
    ['/auth/refresh', 'our-pages'],
    ['/auth', 'anybody'],
    ['/k8s', 'our-pages'],
  ])
  expect(Object.keys(expected)).toEqual(areas.map(({ at }) => at))
  const { server, api } = stack
  const stranger = openBrowser(server.url)
  api.seen.splice(0)
  for (const [at, { places }] of Object.entries(expected)) {
    for (const [method, path, code, foreign] of places) {
      const body = method === 'GET' ? {} : { body: {} }
      const answers = await Promise.all([
        stranger.request(at + path, { method, ...body }),
        stranger.request(at + path, { method, ...body, headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } }),
      ])
      expect([method, at + path, ...answers.map(({ status }) => status)]).toEqual([method, at + path, code, foreign])
    }
  }
  for (const path of [
    '/peers',
    '/peers/nowhere',
    '/api',
    '/api/',
    '/api/nowhere',
    '/auth',
    '/auth/nowhere',
    '/k8s',
    '/live',
    '/api/session/x',
    '/auth/refresh/x',
    '/metrics',
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status } = await stranger.request(path, { method, ...(method === 'POST' ? { body: {} } : {}) })
      expect([method, path, status]).toEqual([method, path, expect.toSatisfy((code: number) => [401, 404, 405].includes(code))])
    }
  }
  expect(api.seen).toEqual([])
})

test('answers thirty kinds of probe as it answers anybody else [A-02]', async () => {
  const stranger = openBrowser(stack.server.url)
  stack.api.seen.splice(0)
  expect(agents).toHaveLength(30)
  for (const agent of agents) {
    const headers = { 'user-agent': agent, 'x-forwarded-uri': '/healthz', 'x-original-url': '/readyz', 'x-forwarded-for': '127.0.0.1' }
    const [cluster, rows, nowhere] = await Promise.all(
      ['/k8s/version', '/api/inventory/virtualmachines', '/api/nowhere'].map((path) => stranger.request(path, { headers })),
    )
    expect([agent, cluster?.status, rows?.status, nowhere?.status]).toEqual([agent, 401, 401, 404])
  }
  expect(stack.api.seen).toEqual([])
})
