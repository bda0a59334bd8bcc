import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBehindHostileApi, type BehindHostileApi } from './testing/behind-hostile-api.ts'
import { openBrowser, type Browser } from './testing/browser.ts'
import { tokenOf } from './testing/hostile-api-server.ts'

let stack: BehindHostileApi
let ben: Browser

beforeAll(async () => {
  stack = await startBehindHostileApi()
  stack.api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  ben = openBrowser(stack.server.url)
  await ben.signIn({ mode: 'token', token: tokenOf('ben') })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const vm = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01'
const violation = {
  'csp-report': { 'document-uri': 'https://vms.example.com/', 'effective-directive': 'script-src', 'blocked-uri': 'eval' },
}
const write = { method: 'PATCH', body: {}, contentType: 'application/merge-patch+json' }

/** How long one request takes, in the middle of thirty: a write and a read each. */
async function patience(browser: Browser): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 15; round += 1) {
    for (const options of [write, {}]) {
      const at = performance.now()
      expect((await browser.request(vm, options)).status).toBe(200)
      times.push(performance.now() - at)
    }
  }
  return times.toSorted((a, b) => a - b)[15] ?? 0
}

const floods: [string, number, () => Promise<Response>][] = [
  ['sign-ins', 30, () => openBrowser(stack.server.url).request('/auth/sign-in', { method: 'POST', body: { mode: 'demo', user: 'x' } })],
  ['changes', 1_200, () => ben.request(vm, write)],
  ['tickets', 150, () => ben.request('/api/ws-ticket', { method: 'POST', body: { target: '/live' } })],
  ['reports', 40, () => ben.request('/api/csp-report', { method: 'POST', body: violation, contentType: 'application/csp-report' })],
]

test.each(floods)('holds a flood of %s back, says until when, and lets others pass meanwhile [P-17]', async (_what, count, one) => {
  const { ann } = stack
  const alone = await patience(ann)
  const flood = Promise.all(Array.from({ length: count }, one))
  const meanwhile = await patience(ann)
  const answers = await flood
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThan(count)
  for (const answer of refused) {
    const seconds = Number(answer.headers.get('retry-after'))
    expect([seconds >= 1, seconds <= 60]).toEqual([true, true])
  }
  expect(await refused[0]?.json()).toMatchObject({ kind: 'Status', code: 429, reason: 'TooManyRequests' })
  // Twelve hundred requests of another one share the core with these; they do not share a limit with them.
  expect(meanwhile).toBeLessThan(50 * alone + 100)
})

test('takes a browser’s report of what the policy stopped, and nothing else [X-08] [P-12]', async () => {
  const lines: string[] = []
  await using own = await startBehindHostileApi({ logLevel: 'warn', logTo: { write: (line) => void lines.push(line) } })
  const report = async (body: unknown, contentType: string, headers: Record<string, string> = {}) =>
    (await own.ann.request('/api/csp-report', { method: 'POST', body, contentType, headers })).status
  expect(await report(violation, 'application/csp-report')).toBe(204)
  const modern = [{ type: 'csp-violation', age: 1, url: 'x', body: { documentURL: 'x', effectiveDirective: 'img-src', blockedURL: 'y' } }]
  expect(await report(modern, 'application/reports+json')).toBe(204)
  expect(await report({}, 'application/csp-report')).toBe(400)
  expect(await report('x'.repeat(40_000), 'application/csp-report')).toBe(413)
  expect(await report(violation, 'application/json')).toBe(415)
  expect(await report(violation, 'application/csp-report', { 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect((await own.ann.request('/api/csp-report')).status).toBe(404)
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === 'csp.violation')
  expect(logged).toMatchObject([
    { document: 'https://vms.example.com/', directive: 'script-src', blocked: 'eval' },
    { document: 'x', directive: 'img-src', blocked: 'y' },
  ])
})

test('counts reports by who sends them, also where they come through a proxy of ours [P-17]', async () => {
  await using own = await startBehindHostileApi({ trustedProxies: ['127.0.0.1'] })
  const options = { method: 'POST', body: violation, contentType: 'application/csp-report' }
  const through = (address: string) => own.ann.request('/api/csp-report', { ...options, headers: { 'x-forwarded-for': address } })
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => through(`192.0.2.${index}`)))
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(204))
})
