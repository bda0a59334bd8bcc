import { Agent, request as send } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { atFullSize, propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'

let stack: BehindHostileApi
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

beforeAll(async () => {
  stack = await startBehindHostileApi()
  stack.api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":"Table"}'))
})
afterAll(async () => {
  agent.destroy()
  await stack?.[Symbol.asyncDispose]()
})

type Asked = { status: number; body: string; upstream: unknown }
type Headers = Record<string, string>

/** Asks with these headers, in their own case, and says what came of it here and at the API server. */
async function ask(method: string, path: string, headers: Headers, body?: string): Promise<Asked> {
  const { api, server } = stack
  api.seen.splice(0)
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port: server.port, method, path, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
  const upstream = api.seen.map(({ method: verb, path: target, headers: { 'audit-id': _, ...sent }, body: said }) => [
    verb,
    target,
    sent,
    said,
  ])
  return { status, body: text, upstream }
}

const words = [
  'for',
  'host',
  'proto',
  'port',
  'uri',
  'url',
  'prefix',
  'path',
  'user',
  'groups',
  'email',
  'access-token',
  'method',
  'server',
  'client-ip',
]
const name = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('x-forwarded', 'x-original', 'x-rewrite', 'x-remote', 'x-auth-request', 'x-http', 'x-real', 'x-envoy', 'x'),
      fc.constantFrom(...words),
    )
    .map((parts) => parts.join('-')),
  fc.constantFrom(
    'forwarded',
    'via',
    'x-http-method-override',
    'x-method-override',
    'x-http-method',
    'impersonate-user',
    'impersonate-group',
    'impersonate-uid',
    'impersonate-extra-scopes',
    'authorization',
    'proxy-authorization',
    'max-forwards',
    'range',
    'if-match',
    'cdn-loop',
    'front-end-https',
    'x-kubernetes-user-agent',
    'accept-encoding-x',
  ),
  fc.stringMatching(/^x-[a-z][a-z0-9-]{0,20}$/).filter((random) => random !== 'x-kvd-csrf'),
)
const cased = name.chain((lower) =>
  fc.constantFrom(
    lower,
    lower.toUpperCase(),
    lower.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()),
  ),
)
const value = fc.oneof(
  fc.constantFrom(
    '127.0.0.1',
    '/healthz',
    '/api/v1/secrets',
    'DELETE',
    'GET',
    'system:admin',
    'system:masters',
    'https',
    'evil.example',
    'for=127.0.0.1;host=evil.example;proto=https',
    'Bearer evil',
    '*',
  ),
  fc.stringMatching(/^[\u0021-\u007e]{1,40}$/),
)

test(
  'decides and forwards the same whatever headers a proxy could have added, replaced or meant [P-07]',
  async () => {
    const { ann, server } = stack
    const cookie = ann.cookie()
    const csrf = (await ann.session()).csrf ?? ''
    const vm = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01'
    const own = { cookie, origin: server.url, 'x-kvd-csrf': csrf }
    const json = { ...own, 'content-type': 'application/merge-patch+json' }
    const asked: [method: string, path: string, headers: Headers, body?: string][] = [
      ['GET', vm, { cookie }],
      ['PATCH', vm, json, '{"spec":{}}'],
      ['GET', '/k8s/api/v1/namespaces/team-a/secrets', { cookie }],
      ['GET', '/k8s/metrics', { cookie }],
      ['GET', '/api/inventory/virtualmachines', {}],
      ['PATCH', vm, { ...json, 'x-kvd-csrf': 'x' }, '{}'],
      ['DELETE', vm, { ...own, origin: 'https://evil.example' }],
    ]
    const baselines: Asked[] = []
    for (const request of asked) baselines.push(await ask(...request))
    expect(baselines.map(({ status }) => status)).toEqual([200, 200, 405, 404, 401, 403, 403])
    expect(baselines.map(({ upstream }) => (upstream as unknown[]).length)).toEqual([1, 1, 0, 0, 0, 0, 0])

    await fc.assert(
      fc.asyncProperty(
        fc.nat(asked.length - 1),
        fc.uniqueArray(fc.tuple(cased, value), { maxLength: 8, selector: ([header]) => header.toLowerCase() }),
        async (index, spoofed) => {
          const [method, path, headers, body] = asked[index] as (typeof asked)[number]
          expect(await ask(method, path, { ...Object.fromEntries(spoofed), ...headers }, body)).toEqual(baselines[index])
        },
      ),
      // Each is a request over a socket: a tenth of the properties that are pure functions.
      { numRuns: atFullSize ? Math.ceil(propertyRuns / 10) : propertyRuns },
    )
  },
  propertyTimeoutMs,
)
