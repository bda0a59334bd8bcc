// Writes from other pages: every method, with every combination of what a browser would send along, and one of them is right.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
import { openBrowser } from '../testing/browser.ts'
import { tokenOf } from '../testing/hostile-api-server.ts'

let stack: BehindHostileApi

beforeAll(async () => {
  stack = await startBehindHostileApi({ signInAttemptsPerMinute: 100 })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const vms = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const subresource = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/start'
const writes = [
  { method: 'POST', path: vms, type: 'application/json' },
  { method: 'PUT', path: subresource, type: 'application/json' },
  { method: 'PATCH', path: `${vms}/web-01`, type: 'application/merge-patch+json' },
  { method: 'DELETE', path: `${vms}/web-01`, type: 'application/json' },
]
const wrongTypes = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/yaml']

test('lets one write in a thousand through: the one of our own page, with this session’s token, as JSON [A-15]', async () => {
  const { api, server, ann } = stack
  const { csrf = '' } = await ann.session()
  const ben = openBrowser(server.url)
  const { csrf: bens = '' } = await ben.signIn({ mode: 'token', token: tokenOf('ben') })
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))

  const tokens = { right: csrf, missing: undefined, wrong: `${csrf.slice(0, -1)}${csrf.endsWith('A') ? 'B' : 'A'}`, another: bens }
  const origins = {
    right: server.url,
    missing: undefined,
    null: 'null',
    evil: 'https://evil.example',
    port: `http://127.0.0.1:${server.port + 1}`,
  }
  const sites = { right: 'same-origin', absent: undefined, site: 'same-site', cross: 'cross-site', none: 'none' }
  let sent = 0
  const through: string[] = []
  for (const { method, path, type } of writes) {
    for (const [tokenName, token] of Object.entries(tokens)) {
      for (const [originName, origin] of Object.entries(origins)) {
        for (const [siteName, site] of Object.entries(sites)) {
          for (const contentType of [type, ...wrongTypes]) {
            sent += 1
            api.seen.splice(0)
            const headers = {
              cookie: ann.cookie(),
              'content-type': contentType,
              ...(token ? { 'x-kvd-csrf': token } : {}),
              ...(origin ? { origin } : {}),
              ...(site ? { 'sec-fetch-site': site } : {}),
            }
            const response = await fetch(server.url + path, { method, headers, body: '{}' })
            await response.arrayBuffer()
            if (api.seen.length > 0) through.push([method, tokenName, originName, siteName, contentType].join(' '))
            else if (![403, 415].includes(response.status)) throw new Error(`${method} was answered with ${response.status}`)
          }
        }
      }
    }
  }
  expect(sent).toBe(2_000)
  expect(through.toSorted()).toEqual(
    writes.flatMap(({ method, type }) => ['absent', 'right'].map((site) => `${method} right right ${site} ${type}`)).toSorted(),
  )
})

test('signs nobody out, renews nothing and gives no ticket to another page [A-15]', async () => {
  const { server, ann } = stack
  for (const path of ['/auth/sign-out', '/auth/refresh', '/api/ws-ticket', '/api/session']) {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { 'x-kvd-csrf': 'x' },
      { 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of foreign) {
      const response = await fetch(server.url + path, {
        method: 'POST',
        body: '{"target":"/live"}',
        headers: { cookie: ann.cookie(), origin: server.url, 'content-type': 'application/json', ...headers },
      })
      expect([path, response.status]).toEqual([path, 403])
      expect(response.headers.getSetCookie()).toEqual([])
    }
  }
  expect((await ann.session()).user?.name).toBe('ann')
})
