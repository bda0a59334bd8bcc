// What VMs use, from KubeVirt's measurements in Prometheus to those who may see them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createUpstream } from '../apps/server/src/k8s/upstream.ts'
import type { UsageHead, UsageLine } from '../apps/server/src/protocol.ts'
import { openBrowser } from '../apps/server/src/testing/browser.ts'
import { startHostilePrometheus } from '../apps/server/src/testing/hostile-prometheus.ts'
import { queries, readUsage } from '../apps/server/src/usage/prometheus.ts'
import { createAuthority, createServingCertificate } from '../packages/sim-cluster/src/serving/certificates.ts'
import { startStack, type Stack } from './stack.ts'

let stack: Stack
let directory: string
const upstream = createUpstream()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'virtdeck-usage-'))
  stack = await startStack({ server: { metrics: { host: '127.0.0.1', port: 0 } } })
})
afterAll(async () => {
  upstream.close()
  await stack?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

type Answer = UsageHead & { vmis: Record<string, { cpu: number; memory: number }> }

function parse(text: string): Answer {
  const [head = '', ...lines] = text.split('\n')
  const vmis = lines.flatMap((line) => {
    const [namespace, names, cpu, memory] = JSON.parse(line) as UsageLine
    return names.split(' ').map((name, at) => [`${namespace}/${name}`, { cpu: cpu[at] ?? NaN, memory: memory[at] ?? NaN }])
  })
  return { ...(JSON.parse(head) as UsageHead), vmis: Object.fromEntries(vmis) as Answer['vmis'] }
}

async function signIn(user: string, url = stack.url) {
  const browser = openBrowser(url)
  await browser.signIn({ mode: 'demo', user })
  return { browser, look: async () => parse(await (await browser.request('/api/usage')).text()) }
}

type VmiStatus = { phase?: string; phaseTransitionTimestamps?: { phase: string; phaseTransitionTimestamp: string }[] }

/** Every VMI that has run for so long. */
const running = (forMs = 0) =>
  stack.cluster.storage
    .list('virtualmachineinstances.kubevirt.io')
    .filter((vmi) => {
      const { phase, phaseTransitionTimestamps = [] } = vmi['status'] as VmiStatus
      const since = phaseTransitionTimestamps.find((transition) => transition.phase === 'Running')?.phaseTransitionTimestamp ?? ''
      return phase === 'Running' && Date.parse(since) < Date.now() - forMs
    })
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    .toSorted()

test('tells a viewer what every VM that runs uses, and of no other [F227]', async () => {
  const { browser, look } = await signIn('viewer')
  expect((await browser.session()).cluster.usage).toBe(true)
  const { vmis, at = 0, problem } = await look()
  expect(problem).toBeUndefined()
  expect(Math.abs(Date.now() - at)).toBeLessThan(60_000)
  // What began a moment ago may not have been measured yet.
  const measurable = running(120_000)
  expect(measurable.length).toBeGreaterThan(10)
  expect(Object.keys(vmis)).toEqual(expect.arrayContaining(measurable))
  expect(running()).toEqual(expect.arrayContaining(Object.keys(vmis)))
  const { rows } = await browser.snapshot('virtualmachines')
  for (const [key, { cpu, memory }] of Object.entries(vmis)) {
    const row = rows.find(({ namespace, name }) => `${namespace}/${name}` === key)
    expect([key, cpu >= 0 && cpu <= 1000 * (row?.cpus ?? 0) * 1.1]).toEqual([key, true])
    expect([key, memory > 0 && memory * 2 ** 20 <= (row?.memoryBytes ?? 0)]).toEqual([key, true])
  }
})

test('tells those of one namespace of that namespace alone, whoever looked before [F227] [F003]', async () => {
  const seen = async (user: string) => new Set(Object.keys((await (await signIn(user)).look()).vmis).map((key) => key.split('/')[0]))
  expect((await seen('operator')).size).toBeGreaterThan(3)
  expect(await seen('power-user')).toEqual(new Set(['team-a']))
  expect(await seen('user')).toEqual(new Set(['team-b']))
})

test('tells nobody who is not signed in, and no other site’s page [F227]', async () => {
  const stranger = openBrowser(stack.url)
  expect((await stranger.request('/api/usage')).status).toBe(401)
  expect((await stranger.session()).cluster).not.toHaveProperty('usage')
  const { browser } = await signIn('viewer')
  expect((await browser.request('/api/usage', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
  expect((await browser.request('/api/usage/team-a')).status).toBe(404)
})

test('is compressed, and a few bytes for each VM [F227]', async () => {
  const { browser } = await signIn('viewer')
  const response = await browser.request('/api/usage', { headers: { 'accept-encoding': 'br' } })
  expect(response.headers.get('content-encoding')).toBe('br')
  expect(response.headers.get('cache-control')).toBe('no-store')
})

test('counts for /metrics how it goes, without a name [F227]', async () => {
  const metrics = await (await fetch(`http://127.0.0.1:${stack.server.metricsPort}/metrics`)).text()
  const value = (name: string) => Number(new RegExp(`^virtdeck_usage_${name} (\\S+)$`, 'm').exec(metrics)?.[1])
  expect(value('reads_total')).toBe(1)
  expect(value('failures_total')).toBe(0)
  expect(value('failing')).toBe(0)
  expect(value('vmis')).toBeGreaterThanOrEqual(running(120_000).length)
  expect(value('read_timestamp_seconds')).toBeGreaterThan(1_700_000_000)
  for (const key of running()) expect(metrics).not.toContain(key.split('/')[1])
})

test('a server without a Prometheus says so, and asks nobody [F227]', async () => {
  await using plain = await startStack({ scenario: 'empty', server: { prometheus: undefined } })
  const { browser } = await signIn('viewer', plain.url)
  const response = await browser.request('/api/usage')
  expect([response.status, ((await response.json()) as { message: string }).message]).toEqual([404, 'No Prometheus is configured.'])
  expect((await browser.session()).cluster).not.toHaveProperty('usage')
})

const vector = (...samples: [namespace: string, name: string, value: string][]) =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: samples.map(([namespace, name, value]) => ({ metric: { namespace, name }, value: [1, value] })) },
  })
const json =
  (text: string, code = 200): RequestListener =>
  (_req, res) =>
    void res.writeHead(code, { 'content-type': 'application/json' }).end(text)

test('goes on with what it knows while Prometheus fails, says so, and is up to date again after it [F227] [F250]', async () => {
  await using prometheus = await startHostilePrometheus()
  await using own = await startStack({ scenario: 'empty', server: { prometheus: { url: prometheus.url, everyMs: 1 } } })
  const { look } = await signIn('viewer', own.url)
  prometheus.answers(json(vector(['team-a', 'web', '1'])))
  const before = await look()
  expect(before).toMatchObject({ vmis: { 'team-a/web': { cpu: 1000, memory: 0 } } })
  prometheus.answers(json('{"status":"error","errorType":"internal","error":"secret-of-the-operator"}', 500))
  await wait(5)
  const during = await look()
  expect(during).toMatchObject({ at: before.at, problem: 'Prometheus answered with an error (500).', vmis: before.vmis })
  expect(JSON.stringify(during)).not.toContain('secret-of-the-operator')
  prometheus.answers(json(vector(['team-a', 'web', '2'])))
  await wait(5)
  const after = await look()
  expect(after).toMatchObject({ vmis: { 'team-a/web': { cpu: 2000 } } })
  expect(after).not.toHaveProperty('problem')
})

async function problemOf(answers: RequestListener): Promise<string> {
  await using prometheus = await startHostilePrometheus()
  prometheus.answers(answers)
  return await readUsage({ url: prometheus.url }, upstream).then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

test.each<[string, RequestListener, string]>([
  ['HTML', (_req, res) => res.end('<html>'), 'Prometheus answered something else than measurements.'],
  ['an error as success', json('{"status":"error"}'), 'Prometheus answered something else than measurements.'],
  ['half an answer', (_req, res) => void (res.writeHead(200).write('{"status":'), res.destroy()), 'Prometheus cannot be reached.'],
  ['a reset', (_req, res) => res.destroy(), 'Prometheus cannot be reached.'],
  ['a 401', json('{}', 401), 'Prometheus does not accept virtdeck’s credential.'],
  ['a 403', json('{}', 403), 'Prometheus does not let virtdeck ask.'],
  ['a 404', json('{}', 404), 'There is no Prometheus at the address that is configured.'],
  ['a 503', json('{}', 503), 'Prometheus answered with an error (503).'],
])('says what is wrong with a Prometheus that answers %s [F227]', async (_, answers, problem) => {
  expect(await problemOf(answers)).toBe(`UsageProblem: ${problem}`)
})

test('follows no redirect, wherever it leads [F227] [P-04]', async () => {
  await using elsewhere = await startHostilePrometheus()
  const problem = await problemOf((_req, res) => res.writeHead(302, { location: `${elsewhere.url}/api/v1/query` }).end())
  expect(problem).toBe('UsageProblem: Prometheus answered with a redirect, which is not followed.')
  expect(elsewhere.asked).toEqual([])
})

test('takes in no more than a bounded answer, however long it goes on [F227] [P-14]', async () => {
  let sent = 0
  const problem = await problemOf((_req, res) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const more = () => {
      while (!res.destroyed) {
        sent += chunk.length
        if (!res.write(chunk)) return void res.once('drain', more)
      }
    }
    more()
  })
  expect(problem).toBe('UsageProblem: Prometheus answered more than can be taken in.')
  expect(sent).toBeLessThan(64 * 1024 * 1024)
})

test('asks two things, of all VMs at once, that fit the matchers, with a token that is read anew each time [F227]', async () => {
  await using prometheus = await startHostilePrometheus()
  prometheus.answers(json(vector()))
  const tokenFile = join(directory, 'token')
  const target = { url: `${prometheus.url}/select/0/prometheus`, tokenFile, matchers: 'cluster="fra"' }
  for (const token of ['first', 'second']) {
    await writeFile(tokenFile, `${token}\n`)
    await readUsage(target, upstream)
  }
  const { cpu, memory } = queries('cluster="fra"')
  expect(cpu).toContain('kubevirt_vmi_cpu_usage_seconds_total{cluster="fra"}[5m]')
  expect(prometheus.asked.map(({ url, headers }) => [url.pathname, url.searchParams.get('query'), headers.authorization])).toEqual([
    ['/select/0/prometheus/api/v1/query', cpu, 'Bearer first'],
    ['/select/0/prometheus/api/v1/query', memory, 'Bearer first'],
    ['/select/0/prometheus/api/v1/query', cpu, 'Bearer second'],
    ['/select/0/prometheus/api/v1/query', memory, 'Bearer second'],
  ])
  for (const { headers } of prometheus.asked) expect(Object.keys(headers)).not.toContain('cookie')
  await rm(tokenFile)
  await expect(readUsage(target, upstream)).rejects.toThrow('virtdeck cannot read its credential for Prometheus.')
})

test('shows its token to nobody whose certificate another authority has signed [F227] [P-19]', async () => {
  const [authority, other] = [await createAuthority(), await createAuthority()]
  const pair = await createServingCertificate(authority, ['127.0.0.1'])
  const prometheus = await startHostilePrometheus({ cert: pair.certificate, key: pair.key })
  onTestFinished(() => prometheus[Symbol.asyncDispose]())
  prometheus.answers(json(vector()))
  const [right, wrong, tokenFile] = ['right.pem', 'wrong.pem', 'tls-token'].map((name) => join(directory, name)) as [string, string, string]
  await Promise.all([writeFile(right, authority.certificate), writeFile(wrong, other.certificate), writeFile(tokenFile, 'hush')])
  await expect(readUsage({ url: prometheus.url, caFile: wrong, tokenFile }, upstream)).rejects.toThrow('Prometheus cannot be reached.')
  await expect(readUsage({ url: prometheus.url, tokenFile }, upstream)).rejects.toThrow('Prometheus cannot be reached.')
  expect(prometheus.asked).toEqual([])
  await readUsage({ url: prometheus.url, caFile: right, tokenFile }, upstream)
  expect(prometheus.asked).toHaveLength(2)
})
