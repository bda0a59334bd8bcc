// `oidc-impersonate`: the server's own account acts as whom the identity provider vouches for, and as nobody else.
import { once } from 'node:events'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startServer, type RunningServer } from '../index.ts'
import { configFor } from '../testing/behind-hostile-api.ts'
import { message, openBrowser, type Browser } from '../testing/browser.ts'
import { startHostileApiServer, token, type HostileApiServer } from '../testing/hostile-api-server.ts'
import { clientId, startHostileIdentityProvider, type HostileIdentityProvider } from '../testing/hostile-identity-provider.ts'
import { signInWith } from '../testing/sign-in-journey.ts'

let api: HostileApiServer
let hostile: HostileIdentityProvider
let server: RunningServer

beforeAll(async () => {
  api = await startHostileApiServer()
  hostile = await startHostileIdentityProvider()
  server = await startServer(
    configFor(api, {
      authMode: 'oidc-impersonate',
      signInAttemptsPerMinute: 1_000,
      oidc: {
        issuer: hostile.issuer,
        clientId,
        clientSecret: 'secret',
        impersonate: { usernameClaim: 'preferred_username', extraClaims: { 'acme.example/department': 'department' } },
      },
    }),
  )
})
afterAll(async () => {
  for (const each of [server, api, hostile]) await each?.[Symbol.asyncDispose]()
})
beforeEach(() => {
  api.asked.splice(0)
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
})

/** The impersonation that reached the API server with a path, and whose credential bore it. */
function sentWith(path: string) {
  return api.asked
    .filter((request) => request.path.includes(path))
    .map(({ headers }) => ({
      bearer: headers.authorization,
      ...Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('impersonate-'))),
    }))
}

const ann = { bearer: `Bearer ${token}`, 'impersonate-user': 'ann', 'impersonate-uid': '42' }
const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'

async function signInWithClaims(
  claims: JWTPayload,
  browser: Browser = openBrowser(server.url),
): Promise<{ browser: Browser; led: string }> {
  const { pathname, search } = await signInWith(hostile, browser, (good) => hostile.sign({ ...good, ...claims }))
  if (search === '') await browser.session()
  return { browser, led: pathname + search }
}

test('says who somebody is with every request and every console, in the words of the session, whatever the browser sends [A-22]', async () => {
  const { browser } = await signInWithClaims({ groups: ['ops', 'böse,gruppe'], department: ['R&D'] })
  const expected = {
    ...ann,
    'impersonate-group': `ops, ${Buffer.from('böse,gruppe').toString('latin1')}`,
    'impersonate-extra-acme.example%2fdepartment': 'R&D',
  }
  const forged = {
    'impersonate-user': 'system:admin',
    'Impersonate-Group': 'system:masters',
    'IMPERSONATE-UID': '0',
    'impersonate-extra-scopes': 'all',
    'impersonate-extra-acme.example%2fdepartment': 'board',
    'x-remote-user': 'root',
    'x-remote-group': 'system:masters',
    'x-remote-extra-scopes': 'all',
  }
  await browser.request(`/k8s${vms}/web-01`, { headers: forged })
  await browser.request(`/k8s${vms}/web-01`, { method: 'PATCH', contentType: 'application/merge-patch+json', body: {}, headers: forged })
  expect(sentWith(`${vms}/web-01`)).toEqual([expected, expected])
  await browser.request('/k8s/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', body: {}, headers: forged })
  await browser.snapshot('virtualmachines')
  const reviews = sentWith('selfsubject')
  expect(reviews.length).toBeGreaterThan(3)
  for (const review of reviews) expect(review).toEqual(expected)

  using live = await browser.live()
  await live.send({ type: 'watch', id: 1, path: vms })
  await live.until(message('objects'))
  for (const watch of sentWith(`${vms}?`)) expect(watch).toEqual(expected)
  api.seen.splice(0)
  api.upgrade((_req, socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'))
  const console = await browser.socket(
    '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc',
    ['plain.kubevirt.io'],
    forged,
  )
  await once(console, 'close')
  const [opened] = api.seen
  expect(opened).toMatchObject({
    method: 'UPGRADE',
    headers: { authorization: expected.bearer, 'impersonate-user': 'ann', 'impersonate-uid': '42' },
  })
  expect(opened?.headers['impersonate-group']).toBe(expected['impersonate-group'])
  expect(Object.keys(opened?.headers ?? {}).filter((name) => name.startsWith('x-remote'))).toEqual([])
})

test('answers a header with an underscore in its name with 400: some would read it as the other [A-22]', async () => {
  const { browser } = await signInWithClaims({})
  for (const name of ['impersonate_user', 'Impersonate_Group', 'x_remote_user']) {
    expect((await browser.request(`/k8s${vms}`, { headers: { [name]: 'system:admin' } })).status).toBe(400)
  }
})

test('gives somebody without groups none, not even an empty one [A-22]', async () => {
  for (const claims of [{}, { groups: [] }]) {
    const { browser } = await signInWithClaims(claims)
    api.asked.splice(0)
    await browser.request(`/k8s${vms}/web-01`)
    expect(sentWith(`${vms}/web-01`)).toEqual([ann])
  }
})

test('acts as nobody and no group of the cluster’s own, nor as a name that is more than one line [A-22] [A-09]', async () => {
  for (const claims of [
    { preferred_username: 'system:admin' },
    { preferred_username: 'system:serviceaccount:kube-system:default' },
    { preferred_username: 'system:' },
    { preferred_username: '' },
    { preferred_username: undefined },
    { preferred_username: ['ann'] },
    { preferred_username: 'ann\r\nImpersonate-Group: system:masters' },
    { preferred_username: ' ann' },
    { preferred_username: 'x'.repeat(300) },
    { sub: 'system:admin' },
    { groups: ['ops', 'system:masters'] },
    { groups: ['system:nodes'] },
    { groups: ['ops\nsystem:masters'] },
    { groups: [''] },
    { department: 'system:x' },
    { department: { name: 'x' } },
  ] satisfies JWTPayload[]) {
    expect([claims, (await signInWithClaims(claims)).led]).toEqual([claims, '/sign-in?error=refused'])
  }
  expect(sentWith('').filter((sent) => 'impersonate-user' in sent)).toEqual([])
  // Alike to the eye, and somebody else to the cluster.
  const { browser } = await signInWithClaims({ preferred_username: 'ѕystem:admin', groups: ['System:masters'] })
  api.asked.splice(0)
  await browser.request(`/k8s${vms}/web-01`)
  expect(sentWith(`${vms}/web-01`)).toEqual([
    { ...ann, 'impersonate-user': Buffer.from('ѕystem:admin').toString('latin1'), 'impersonate-group': 'System:masters' },
  ])
})

test('puts prefixes before names and groups, and takes no address for a name that was not verified [A-22]', async () => {
  await using prefixed = await startServer(
    configFor(api, {
      authMode: 'oidc-impersonate',
      oidc: {
        issuer: hostile.issuer,
        clientId,
        clientSecret: 'secret',
        impersonate: { usernameClaim: 'email', usernamePrefix: 'sso:', groupsPrefix: 'sso:' },
      },
    }),
  )
  for (const email of [{ email: 'ann@example.com' }, { email: 'ann@example.com', email_verified: false }]) {
    expect((await signInWithClaims(email, openBrowser(prefixed.url))).led).toBe('/sign-in?error=refused')
  }
  const claims = { email: 'ann@example.com', email_verified: true, groups: ['ops'] }
  const { browser } = await signInWithClaims(claims, openBrowser(prefixed.url))
  api.asked.splice(0)
  await browser.request(`/k8s${vms}/web-01`)
  expect(sentWith(`${vms}/web-01`)).toEqual([{ ...ann, 'impersonate-user': 'sso:ann@example.com', 'impersonate-group': 'sso:ops' }])
})

test('takes who somebody is from each new token, and ends nobody’s session for the server’s own credential [A-22]', async () => {
  const { browser } = await signInWithClaims({ groups: ['ops'] })
  hostile.answer(async () => {
    const claims = hostile.claims()
    return {
      body: {
        access_token: 'a',
        token_type: 'bearer',
        id_token: await hostile.sign({ ...claims, exp: (claims.exp ?? 0) + 60, groups: ['dev'] }),
      },
    }
  })
  expect((await browser.request('/auth/refresh', { method: 'POST' })).status).toBe(200)
  api.asked.splice(0)
  await browser.request(`/k8s${vms}/web-01`)
  expect(sentWith(`${vms}/web-01`)).toEqual([{ ...ann, 'impersonate-group': 'dev' }])

  api.answer((_req, res) => void res.writeHead(401, { 'content-type': 'application/json' }).end('{}'))
  const refused = await browser.request(`/k8s${vms}/web-01`)
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('virtdeck’s own credential')])
  expect((await browser.session()).user?.name).toBe('ann')
})

test('shows a pasted token as it is: it acts as nobody [A-22]', async () => {
  const browser = openBrowser(server.url)
  await browser.signIn({ mode: 'token', token: 'hostile-token-of-ben' })
  api.asked.splice(0)
  await browser.request(`/k8s${vms}/web-01`, { headers: { 'impersonate-user': 'system:admin' } })
  expect(sentWith(`${vms}/web-01`)).toEqual([{ bearer: 'Bearer hostile-token-of-ben' }])
})
