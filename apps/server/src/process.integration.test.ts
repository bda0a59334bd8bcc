// What shows in a process of its own only: that it lives through everything, and that it keeps nothing of anybody.
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { message, openBrowser, outcome, type Browser } from './testing/browser.ts'
import { startHostileApiServer, tokenOf, type HostileApiServer } from './testing/hostile-api-server.ts'
import { propertyRuns, propertyTimeoutMs } from './testing/property-runs.ts'
import { sendRaw } from './testing/raw-connection.ts'
import { spawnServer, type SpawnedServer } from './testing/spawned-server.ts'

const people = Array.from({ length: 50 }, (_, index) => `person-${index}`)
/** What nobody but the one may ever see. */
const canaryOf = (name: string) => `canary<${name}>`
const MiB = 1024 * 1024

let api: HostileApiServer
let server: SpawnedServer

beforeAll(async () => {
  api = await startHostileApiServer()
  const kubeconfig = JSON.parse(api.kubeconfig) as { users: object[]; contexts: object[] }
  for (const name of people) {
    kubeconfig.users.push({ name, user: { token: tokenOf(name) } })
    kubeconfig.contexts.push({ name, context: { cluster: 'hostile', user: name } })
  }
  server = await spawnServer(JSON.stringify(kubeconfig), people)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
})

async function signIn(name: string): Promise<Browser> {
  const browser = openBrowser(server.url)
  await browser.signIn({ mode: 'demo', user: name })
  return browser
}
const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'

/** Bodies that end a process, fill it, or change what every object is, where something reads them carelessly. */
const hostileBodies: [string, string][] = [
  ['100 000 arrays deep', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['100 000 objects deep', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ['100 000 arrays that do not end', '['.repeat(100_000)],
  ['a million keys', `{${Array.from({ length: 1_000_000 }, (_, index) => `"${index.toString(36)}":0`).join()}}`],
  ['80 000 keys', `{${Array.from({ length: 80_000 }, (_, index) => `"${index.toString(36)}":0`).join()}}`],
  ['a number of a million digits', `{"a":${'9'.repeat(1_000_000)}}`],
  ['an exponent without end', `{"a":1e${'9'.repeat(100_000)}}`],
  ['__proto__', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'],
  ['__proto__ inside', '{"target":{"__proto__":{"polluted":1}},"mode":"token","token":{"__proto__":{"polluted":1}}}'],
  ['half a surrogate', '{"a":"\\ud800"}'],
  ['broken UTF-8', '{"a":"\u0080\u00ff'],
  ['a string of a megabyte', `"${'x'.repeat(MiB - 100)}"`],
  ['NUL', '{"a":"\u0000"}'],
  ['YAML', 'a: &a [*a, *a]\nb: !!js/function "process.exit()"'],
  ['nothing but blanks', ' '.repeat(MiB - 100)],
]

test('lives through every body, ten times each, and refuses within what an honest one takes [P-15]', async () => {
  const ann = await signIn(people[0] ?? '')
  api.answer((_req, res) => void res.writeHead(422, { 'content-type': 'application/json' }).end('{"kind":"Status","code":422}'))
  const targets = [`/k8s${vms}`, '/auth/sign-in', '/api/ws-ticket', '/api/csp-report']
  const took = async (path: string, rawBody: string) => {
    const at = performance.now()
    const response = await ann.request(path, { method: 'POST', rawBody })
    const answer = await response.text()
    return { ms: performance.now() - at, status: response.status, answer, id: response.headers.get('x-request-id') }
  }
  await took(targets[0] ?? '', '{}')
  const honest = await took(targets[0] ?? '', JSON.stringify({ a: 'x'.repeat(MiB - 100) }))
  const before = await server.residentBytes()
  for (const path of targets) {
    for (const [what, body] of hostileBodies) {
      const times: number[] = []
      for (let round = 0; round < 10; round += 1) {
        const { ms, status, answer, id } = await took(path, body)
        times.push(ms)
        expect([path, what, status]).toEqual([path, what, expect.toSatisfy((code: number) => [400, 413, 415, 422, 429].includes(code))])
        expect([path, what, answer]).toEqual([path, what, expect.stringContaining('"kind":"Status"')])
        expect(id).toMatch(/^[0-9a-f-]{36}$/)
      }
      expect([path, what, times.toSorted((a, b) => a - b)[5]]).toEqual([
        path,
        what,
        expect.toSatisfy((ms: number) => ms < 20 * honest.ms + 100),
      ])
    }
  }
  using live = await ann.live()
  await live.until(message('heartbeat'))
  for (const [, body] of hostileBodies) {
    using hit = await ann.live()
    await hit.until(message('heartbeat'))
    hit.ws.send(body)
    // A megabyte is still on its way when the close frame comes back: the reset may be first.
    expect([1006, 1009, 4400]).toContain(await hit.closed)
  }
  expect(server.process.exitCode).toBeNull()
  expect((await ann.json<{ polluted?: number }>('/api/session')).polluted).toBeUndefined()
  const after = await server.residentBytes()
  // Six hundred bodies of up to 8 MiB went by.
  expect((after ?? 0) - (before ?? 0)).toBeLessThan(128 * MiB)
  expect(server.output()).not.toContain(tokenOf(people[0] ?? ''))
}, 240_000)

test.runIf(process.platform === 'linux')('has threads that collect garbage leave the processors to those that answer', async () => {
  const { pid = 0 } = server.process
  const threads = (await readdir(`/proc/${pid}/task`)).map(Number)
  expect(getPriority(pid)).toBe(getPriority())
  const helpers = threads.filter((thread) => getPriority(thread) > getPriority(pid))
  expect(helpers.length).toBeGreaterThanOrEqual(4)
  // The inventory's thread, which makes what tabs are sent, is none of them.
  expect(threads.length - helpers.length).toBeGreaterThanOrEqual(2)
})

test('lives through bytes that are no request', async () => {
  const { pid } = server.process
  const lines = [
    '\0',
    'GET',
    'GET / HTTP/9.9',
    'PRI * HTTP/2.0\r\n\r\nSM',
    '\u0016\u0003\u0001\u0002\u0000',
    'GET / HTTP/1.1\r\nConnection: close\r\nHost: ',
  ]
  for (const line of lines) {
    const answer = await sendRaw(server.port, `${line}\r\n\r\n`)
    expect(answer === '' || (/^HTTP\/1.1 4\d\d /.test(answer) && answer.includes('"kind":"Status"'))).toBe(true)
  }
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  expect([server.process.pid, server.process.exitCode]).toEqual([pid, null])
})

test(
  'shows fifty people nothing of each other, whatever fails, and keeps nothing once they have gone [P-10]',
  async () => {
    let asked = 0
    api.items((name, path) =>
      path.includes('/namespaces/') ? [{ metadata: { name: 'x', uid: name, annotations: { canary: canaryOf(name) } } }] : [],
    )
    api.answer((req, res) => {
      asked += 1
      const name = /-of-(\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? ''
      if (asked % 11 === 0) return void res.destroy()
      if (asked % 13 === 0) return void res.writeHead(500, { 'content-type': 'text/plain' }).end(canaryOf(name))
      if (asked % 17 === 0) {
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' }).write(JSON.stringify(canaryOf(name)))
        return void setImmediate(() => res.destroy())
      }
      res.writeHead(asked % 7 ? 200 : 403, { 'content-type': 'application/json' })
      res.write('{"kind":"Status","message":')
      setImmediate(() => res.end(`${JSON.stringify(canaryOf(name))}}`))
    })
    const browsers = await Promise.all(people.map(signIn))
    const lives = await Promise.all(
      browsers.map(async (browser) => {
        const live = await browser.live()
        await live.send({ type: 'watch', id: 1, path: vms })
        return live
      }),
    )
    const paths = [`/k8s${vms}`, `/k8s${vms}/web-01`, '/k8s/version', '/api/inventory/virtualmachines', '/api/session']
    const answers = { own: 0, foreign: 0, without: 0 }
    const note = (name: string, text: string) => {
      const seen = new Set(text.match(/canary<[^>]*>/g))
      if (seen.size === 0) answers.without += 1
      else if (seen.size === 1 && seen.has(canaryOf(name))) answers.own += 1
      else answers.foreign += 1
    }
    const total = Math.max(3_000, Math.ceil(propertyRuns / 10))
    let next = 0
    const lane = async () => {
      while (next < total) {
        const index = next
        next += 1
        // Everybody in turn, and nobody's requests in the order of anybody else's.
        const who = (index * 7919) % people.length
        const name = people[who] ?? ''
        const path = paths[(index * 31 + who) % paths.length] ?? ''
        const text = await browsers[who]
          ?.request(path)
          .then((response) => response.text())
          .catch(String)
        note(name, text ?? '')
      }
    }
    await Promise.all(Array.from({ length: 25 }, lane))
    expect(answers.foreign).toBe(0)
    expect(answers.own).toBeGreaterThan(total / 3)

    for (const [index, live] of lives.entries()) {
      const name = people[index] ?? ''
      const { items } = await live.until(message('objects'))
      expect(items[0]?.metadata.annotations?.['canary']).toBe(canaryOf(name))
      for (const frame of live.messages) note(name, JSON.stringify(frame))
    }
    expect(answers.foreign).toBe(0)

    const gone = Promise.all(lives.map(({ ws }) => outcome(ws)))
    await Promise.all(browsers.map((browser) => browser.request('/auth/sign-out', { method: 'POST' })))
    expect((await gone).every((end) => 'closed' in end && end.closed === 4401)).toBe(true)
    const stranger = openBrowser(server.url)
    for (const path of paths) {
      const text = await (await stranger.request(path)).text()
      for (const browser of browsers.slice(0, 5)) note('nobody', await (await browser.request(path)).text())
      note('nobody', text)
    }
    expect(answers.foreign).toBe(0)
    // What the code itself says is found, so whatever else is kept would be, too.
    expect(await server.inHeap([...people.map(canaryOf), 'x-kvd-csrf'])).toEqual(['x-kvd-csrf'])
  },
  propertyTimeoutMs + 120_000,
)

test('ends when it is told to, with its sockets told why', async () => {
  const ann = await signIn(people[1] ?? '')
  const live = await ann.live()
  await live.until(message('heartbeat'))
  const exited = once(server.process, 'exit')
  server.process.kill('SIGTERM')
  expect(await live.closed).toBe(1012)
  expect(await exited).toEqual([0, null])
})
