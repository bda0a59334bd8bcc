import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Status } from '@virtdeck/k8s'
import { startServer, type RunningServer } from '../index.ts'
import { configFor, startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { openBrowser, outcome, type Browser } from '../testing/browser.ts'
import { token, tokenOf, type HostileApiServer } from '../testing/hostile-api-server.ts'
import { routes } from './routes.ts'

let stack: BehindHostileApi
let api: HostileApiServer
let server: RunningServer
let ann: Browser

const vm = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01'
const start = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/start'

beforeAll(async () => {
  // Its first 401 is believed: this API server knows everybody whom it is asked about.
  stack = await startBehindHostileApi({ session: { doubtMs: [] } })
  ;({ api, server, ann } = stack)
})
afterAll(async () => stack?.[Symbol.asyncDispose]())
beforeEach(() => void api.seen.splice(0))

test('passes an object on byte for byte, as JSON and nothing else [P-13]', async () => {
  const body = JSON.stringify({ kind: 'VirtualMachine', spaces: '  é\u2028', big: randomBytes(200_000).toString('hex') })
  api.answer((_req, res) => {
    res.writeHead(200, {
      'content-type': 'application/json',
      'set-cookie': 'evil=1',
      'access-control-allow-origin': '*',
      'content-security-policy': "default-src 'unsafe-inline'",
      location: 'https://evil.example',
      link: '<https://evil.example>; rel=preload',
      'audit-id': 'abc',
      warning: '299 - "unknown field"',
    })
    res.end(body)
  })
  const response = await ann.request(`/k8s${vm}`)
  expect(
    createHash('sha256')
      .update(await response.text())
      .digest('hex'),
  ).toBe(createHash('sha256').update(body).digest('hex'))
  for (const name of ['set-cookie', 'access-control-allow-origin', 'location', 'link']) expect(response.headers.get(name)).toBeNull()
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none';sandbox")
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('warning')).toBe('299 - "unknown field"')
})

test('sends headers of its own making: the session’s credential, and nothing of the browser’s [P-05] [P-06] [P-07]', async () => {
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const baseline = async (headers: Record<string, string>) => {
    api.seen.splice(0)
    await ann.request(`/k8s${vm}`, { headers })
    const sent = { ...api.seen[0]?.headers }
    delete sent['audit-id']
    return sent
  }
  const plain = await baseline({})
  expect(plain.authorization).toBe(`Bearer ${token}`)
  expect(Object.keys(plain).toSorted()).toEqual(['accept', 'accept-encoding', 'authorization', 'connection', 'host', 'user-agent'])
  expect(
    await baseline({
      authorization: 'Bearer evil',
      'impersonate-user': 'system:admin',
      'impersonate-group': 'system:masters',
      'x-remote-user': 'root',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-uri': '/api/v1/secrets',
      'x-original-url': '/api/v1/secrets',
      'x-http-method-override': 'DELETE',
      forwarded: 'for=evil',
      'user-agent': 'Mozilla/5.0',
      te: 'trailers',
    }),
  ).toEqual(plain)
})

test.each([301, 302, 307, 308])('follows no redirect: %s becomes 502 [P-04]', async (code) => {
  api.answer((_req, res) => void res.writeHead(code, { location: `${server.url}/evil` }).end())
  const response = await ann.request(`/k8s${vm}`)
  expect(response.status).toBe(502)
  expect(response.headers.get('location')).toBeNull()
  expect(((await response.json()) as Status).kind).toBe('Status')
})

test('shows a web page of the API server to nobody [P-13]', async () => {
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<script>alert(1)</script>'))
  const response = await ann.request(`/k8s${vm}`)
  expect(response.status).toBe(502)
  expect(await response.text()).not.toContain('<script>')
})

test('makes a Status of an error in plain text [P-18]', async () => {
  api.answer((_req, res) => void res.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n'))
  const response = await ann.request(`/k8s${vm}`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({
    kind: 'Status',
    code: 404,
    reason: 'NotFound',
    message: expect.stringContaining('Is KubeVirt installed?'),
  })
  api.answer((_req, res) => void res.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('service unavailable\n'))
  const started = await ann.request(`/k8s${start}`, { method: 'PUT', body: {} })
  expect(started.status).toBe(503)
  expect(await started.json()).toMatchObject({ kind: 'Status', code: 503, message: expect.stringContaining('KubeVirt’s API server') })
})

test('ends nobody’s session where KubeVirt’s own API server says 401: it knew who asked, and said no', async () => {
  const browser = openBrowser(server.url)
  await browser.signIn({ mode: 'token', token: tokenOf('ben') })
  api.answer((_req, res) => void res.writeHead(401, { 'content-type': 'text/plain' }).end('request is not authenticated'))
  const refused = await browser.request(`/k8s${start}`, { method: 'PUT', body: {} })
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'request is not authenticated' })
  expect((await browser.session()).user?.name).toBe('ben')
  api.upgrade((_req, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno'))
  const console = await browser.console('/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc')
  expect(await outcome(console)).toMatchObject({ closed: 4403 })
  expect((await browser.session()).user?.name).toBe('ben')
  // The API server in front of it says so with a Status: it does not know the credential any more.
  api.answer((_req, res) => void res.writeHead(401, { 'content-type': 'application/json' }).end('{"kind":"Status"}'))
  expect((await browser.request(`/k8s${start}`, { method: 'PUT', body: {} })).status).toBe(401)
  expect(await browser.session()).not.toHaveProperty('user')
})

test('passes on the empty answer of an action, which it asks for with any type [api-behaviours 1, 2]', async () => {
  api.answer((_req, res) => void res.writeHead(202).end())
  const response = await ann.request(`/k8s${start}`, { method: 'PUT', body: {} })
  expect([response.status, await response.text()]).toEqual([202, ''])
  expect(api.seen[0]).toMatchObject({
    method: 'PUT',
    path: start,
    body: '{}',
    headers: { accept: '*/*', 'content-type': 'application/json' },
  })
})

test('cuts the answer short where the API server does, so that nobody takes it for the whole', async () => {
  api.answer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    res.write('{"kind":')
    setImmediate(() => res.destroy())
  })
  await expect(ann.request(`/k8s${vm}`).then((response) => response.text())).rejects.toThrow('terminated')
})

test('says how long the answer is where that is known, and reads no further than the API server said', async () => {
  let rest = () => {}
  const inTwo = (headers: Record<string, string>, first: string, second: string) =>
    api.answer((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', ...headers }).write(first)
      rest = () => void res.end(second)
    })
  const told = async () => {
    const response = await ann.request(`/k8s${vm}`)
    rest()
    return [response.headers.get('content-length'), await response.text()]
  }
  inTwo({ 'content-length': '7' }, '{"a":', '1}')
  expect(await told()).toEqual(['7', '{"a":1}'])
  inTwo({}, '{"a":', '1}')
  expect(await told()).toEqual([null, '{"a":1}'])
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n'
  api.answer((_req, res) => void res.socket?.write(`${head}{}{"evil":1}`))
  expect(await (await ann.request(`/k8s${vm}`)).text()).toBe('{}')
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"next":1}'))
  expect(await (await ann.request(`/k8s${vm}`)).text()).toBe('{"next":1}')
})

test('reads again where the API server hangs up on a kept connection, and writes nothing twice', async () => {
  const answered = new WeakSet<object>()
  const hangUpOnKept = (req: IncomingMessage, res: ServerResponse) => {
    if (answered.has(req.socket)) return void req.socket.destroy()
    answered.add(req.socket)
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  const json = (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  api.answer(hangUpOnKept)
  await ann.request(`/k8s${vm}`)
  api.seen.splice(0)
  expect((await ann.request(`/k8s${vm}`)).status).toBe(200)
  expect(api.seen.map(({ method }) => method)).toEqual(['GET', 'GET'])
  api.answer(json)
  await ann.request(`/k8s${vm}`)
  api.seen.splice(0)
  api.answer((req) => void req.socket.destroy())
  expect((await ann.request(`/k8s${start}`, { method: 'PUT', body: {} })).status).toBe(503)
  expect(api.seen.map(({ method }) => method)).toEqual(['PUT'])
  api.seen.splice(0)
  expect((await ann.request(`/k8s${vm}`)).status).toBe(503)
  expect(api.seen).toHaveLength(2)
})

test('gives up its request when the browser is gone', async () => {
  const givenUp = new Promise<void>((resolve) => {
    api.answer((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      res.write('{')
      res.once('close', resolve)
    })
  })
  const outgoing = httpRequest(`${server.url}/k8s${vm}`, { headers: { cookie: ann.cookie() } }, (response) => response.destroy())
  outgoing.on('error', () => {})
  outgoing.end()
  await givenUp
})

test('takes no write from another page, without the CSRF token, or of another type [A-15] [P-12]', async () => {
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const write = async (headers: Record<string, string>, contentType = 'application/merge-patch+json') =>
    (await ann.request(`/k8s${vm}`, { method: 'PATCH', body: {}, contentType, headers })).status
  expect(await write({})).toBe(200)
  api.seen.splice(0)
  for (const origin of ['null', 'https://evil.example', `${server.url}.evil.example`, `${server.url}/`, server.url.toUpperCase(), '']) {
    expect(await write({ origin })).toBe(403)
  }
  expect(await write({ 'x-kvd-csrf': 'x' })).toBe(403)
  expect(await write({ 'sec-fetch-site': 'same-site' })).toBe(403)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/yaml', 'application/json']) {
    expect(await write({}, type)).toBe(415)
  }
  expect(api.seen).toEqual([])
})

test('lets no other site load an answer [X-10]', async () => {
  expect((await ann.request(`/k8s${vm}`, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
  expect((await ann.request('/api/session', { headers: { 'sec-fetch-site': 'same-site' } })).status).toBe(403)
})

test('answers to no other name than its own [A-14]', async () => {
  for (const host of ['evil.example', `127.0.0.1.evil.example:${server.port}`, '127.0.0.1', '127.0.0.1:1']) {
    const status = await new Promise((resolve, reject) => {
      httpRequest(`${server.url}/api/session`, { headers: { host } }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(421)
  }
})

test('takes bodies of 1 MiB and a depth of 100, and lives on after others [P-14] [P-15]', async () => {
  api.answer((_req, res) => void res.writeHead(201, { 'content-type': 'application/json' }).end('{}'))
  const create = (rawBody: string) => ann.request('/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines', { method: 'POST', rawBody })
  expect((await create(JSON.stringify({ a: 'x'.repeat(1_000_000) }))).status).toBe(201)
  expect((await create(JSON.stringify({ a: 'x'.repeat(1_100_000) }))).status).toBe(413)
  expect((await create('['.repeat(101) + ']'.repeat(101))).status).toBe(400)
  expect((await create('['.repeat(100_000))).status).toBe(400)
  expect((await create(`{"a":"${'['.repeat(1000)}"}`)).status).toBe(201)
  expect((await ann.request('/healthz')).status).toBe(200)
})

/** Sends exactly this text, and reads until the server hangs up. */
const raw = (text: string) =>
  new Promise<string>((resolve) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('error', () => {})
    socket.once('close', () => resolve(answer))
  })

test('answers requests that are no HTTP with 400, and lives on [P-11]', async () => {
  const host = `Host: 127.0.0.1:${server.port}`
  for (const text of [
    `POST /k8s${vm} HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
    `POST /k8s${vm} HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345`,
    `POST /k8s${vm} HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `GET /\u0000 HTTP/1.1\r\n${host}\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}\r\n folded: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}\r\nx_y\u0001: 1\r\n\r\n`,
  ]) {
    expect(await raw(text)).toMatch(/^HTTP\/1.1 400/)
  }
  expect((await ann.request('/healthz')).status).toBe(200)
  expect(api.seen).toEqual([])
})

test('refuses what a proxy before it may have read otherwise: two Hosts, a host in the target, `_` in a header’s name [A-14] [P-06]', async () => {
  const own = `127.0.0.1:${server.port}`
  const rest = `Cookie: ${ann.cookie()}\r\nConnection: close\r\n\r\n`
  for (const head of [
    `GET /api/session HTTP/1.1\r\nHost: ${own}\r\nHost: evil.example\r\n`,
    `GET /api/session HTTP/1.1\r\nHost: ${own}\r\nHost: ${own}\r\n`,
    `GET http://evil.example/api/session HTTP/1.1\r\nHost: ${own}\r\n`,
    `GET http://${own}/k8s${vm} HTTP/1.1\r\nHost: ${own}\r\n`,
    `GET /k8s${vm} HTTP/1.1\r\nHost: ${own}\r\nImpersonate_User: system:admin\r\n`,
    `GET /k8s${vm} HTTP/1.1\r\nHost: ${own}\r\nx_forwarded_user: admin\r\n`,
  ]) {
    expect(await raw(head + rest)).toMatch(/^HTTP\/1.1 400/)
  }
  expect(await raw(`GET /api/session HTTP/1.1\r\nHost: ${own}\r\n${rest}`)).toMatch(/^HTTP\/1.1 200/)
  expect(api.seen).toEqual([])
})

test('sends the same upstream whatever header the browser calls hop-by-hop [P-05]', async () => {
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const sent = async (connection: string) => {
    api.seen.splice(0)
    const head = `GET /k8s${vm} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${ann.cookie()}\r\n`
    expect(await raw(`${head}Connection: ${connection}\r\n\r\n`)).toMatch(/^HTTP\/1.1 200/)
    return { ...api.seen[0]?.headers, 'audit-id': '' }
  }
  const plain = await sent('close')
  expect(plain.authorization).toBe(`Bearer ${token}`)
  for (const name of [
    'authorization',
    'Impersonate-User',
    'cookie',
    'accept',
    'user-agent',
    'AUTHORIZATION, Cookie',
    'te, authorization',
  ]) {
    expect(await sent(`close, ${name}`)).toEqual(plain)
  }
})

test.each(['TRACE', 'PROPFIND', 'OPTIONS', 'HEAD', 'CONNECT'])('has no route for %s [P-12]', async (method) => {
  for (const path of [`/k8s${vm}`, '/k8s/version']) {
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${ann.cookie()}\r\nConnection: close\r\n\r\n`
    expect(await raw(head)).toMatch(/^(HTTP\/1.1 40[345]|$)/)
  }
  expect(api.seen).toEqual([])
})

test('tells nothing of itself in an error [P-18]', async () => {
  for (const path of [
    '/nowhere',
    '/k8s/metrics',
    '/api/inventory/secrets',
    '/auth/nowhere',
    '/assets/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/%',
  ]) {
    const response = await ann.request(path)
    const text = await response.text()
    expect([400, 404]).toContain(response.status)
    expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure' })
    expect(text).not.toMatch(/node_modules|at \w+ \(|\/work\/|hostile-token/)
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  }
})

test('needs a session for everything of the cluster [A-01]', async () => {
  const stranger = openBrowser(server.url)
  for (const path of [`/k8s${vm}`, '/k8s/version', '/api/inventory/virtualmachines']) {
    expect((await stranger.request(path)).status).toBe(401)
  }
  expect((await stranger.request(`/k8s${vm}`, { method: 'DELETE' })).status).toBe(401)
  for (const { method, template } of routes) {
    if (method === 'WATCH' || method === 'CONNECT') continue
    const path = `/k8s${template.replace(':namespace', 'team-a').replace(':name', 'web-01')}`
    expect([path, (await stranger.request(path, { method })).status]).toEqual([path, 401])
  }
  expect(api.seen).toEqual([])
})

test('answers no probe and no forwarding header otherwise than anybody else [A-02]', async () => {
  const stranger = openBrowser(server.url)
  const agents = [
    'kube-probe/1.32',
    'GoogleHC/1.0',
    'ELB-HealthChecker/2.0',
    'Prometheus/3.0',
    'Blackbox Exporter',
    'curl/8',
    'oauth2-proxy',
    '',
  ]
  const forwarded: Record<string, string>[] = [
    { 'x-forwarded-uri': '/healthz' },
    { 'x-forwarded-host': `127.0.0.1:${server.port}` },
    { 'x-original-url': '/healthz' },
    { 'x-rewrite-url': '/healthz' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-user': 'admin' },
    { 'x-remote-user': 'admin' },
    { 'x-auth-request-user': 'admin' },
  ]
  for (const headers of [...agents.map((agent) => ({ 'user-agent': agent })), ...forwarded]) {
    expect((await stranger.request('/k8s/version', { headers })).status).toBe(401)
    expect((await stranger.request('/api/inventory/virtualmachines', { headers })).status).toBe(401)
    expect((await stranger.request('/api/nowhere', { headers })).status).toBe(404)
    expect(await stranger.json('/api/session', { headers })).not.toHaveProperty('user')
  }
  expect(api.seen).toEqual([])
})

test('stops guessing after ten attempts, and says how long to wait [A-19] [P-17]', async () => {
  await using own = await startServer(configFor(api))
  const stranger = openBrowser(own.url)
  const attempt = () => stranger.request('/auth/sign-in', { method: 'POST', body: { mode: 'demo', user: 'nobody' } })
  for (let count = 0; count < 10; count += 1) expect((await attempt()).status).toBe(403)
  const refused = await attempt()
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('takes a sign-in as JSON from its own page, and in no other form [A-15] [A-10] [P-15]', async () => {
  await using own = await startServer(configFor(api, { demoUsers: [{ name: 'ann', description: '', token }] }))
  const stranger = openBrowser(own.url)
  const sent = async (rawBody: string, contentType = 'application/json', headers: Record<string, string> = {}) =>
    (await stranger.request('/auth/sign-in', { method: 'POST', rawBody, contentType, headers })).status
  const good = JSON.stringify({ mode: 'token', token })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    expect(await sent(good, type)).toBe(415)
  for (const origin of ['null', 'https://evil.example', '']) expect(await sent(good, undefined, { origin })).toBe(403)
  expect(await sent(JSON.stringify({ mode: 'token', token: 'x'.repeat(1024 * 1024) }))).toBe(413)
  for (const body of [
    '',
    'null',
    '[]',
    '{',
    '['.repeat(10_000),
    '{"mode":"token"}',
    '{"mode":"token","token":["x"]}',
    '{"__proto__":{"mode":"token"}}',
  ]) {
    expect(await sent(body)).toBe(400)
  }
  expect(await sent(JSON.stringify({ mode: 'token', token: 'a\r\nX-Evil: 1' }))).toBe(400)
  expect(({} as Record<string, unknown>)['mode']).toBeUndefined()
  expect(await sent(good)).toBe(200)
})

test('gives a new session with each sign-in, and ends the one before [A-07]', async () => {
  const stranger = openBrowser(server.url)
  await stranger.signIn({ mode: 'token', token })
  const first = stranger.cookie()
  await stranger.signIn({ mode: 'token', token })
  expect(stranger.cookie()).not.toBe(first)
  const session = await fetch(`${server.url}/api/session`, { headers: { cookie: first } })
  expect(await session.json()).not.toHaveProperty('user')
  expect((await stranger.request(`/k8s/version`)).status).not.toBe(401)
})
