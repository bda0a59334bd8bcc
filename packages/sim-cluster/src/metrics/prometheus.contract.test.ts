// Prometheus' HTTP API of a simulated cluster, over its socket, with a clock that the test moves.
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'
import { ask } from '../testing/ask.ts'

const minute = 60_000

type Answer = { code: number; status?: string; data?: unknown; error?: string; errorType?: string; warnings?: string[] }
type Sample = { metric: Record<string, string>; value: [number, string] }
type Series = { metric: Record<string, string>; values: [number, string][] }

describe('Prometheus', () => {
  const clock = manualClock()
  let cluster: SimCluster

  beforeAll(async () => {
    cluster = await startSimCluster({ scenario: 'small', clock })
    await cluster.settle()
    clock.advance(10 * minute)
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  async function get(path: string, parameters: Record<string, string> = {}, init?: RequestInit): Promise<Answer> {
    const response = await fetch(`${cluster.prometheusUrl}${path}?${new URLSearchParams(parameters)}`, init)
    return { code: response.status, ...((await response.json()) as object) }
  }
  async function vector(query: string): Promise<Sample[]> {
    const { data, error } = await get('/api/v1/query', { query, time: String(clock.now() / 1000) })
    if (error) throw new Error(error)
    return (data as { result: Sample[] }).result
  }
  const value = async (query: string) => Number((await vector(query))[0]?.value[1])
  async function range(query: string, lastMinutes: number): Promise<Series[]> {
    const end = clock.now() / 1000
    const answer = await get('/api/v1/query_range', { query, start: String(end - lastMinutes * 60), end: String(end), step: '30' })
    return (answer.data as { result: Series[] }).result
  }
  async function admin(method: string, path: string): Promise<void> {
    const { code, text } = await ask(cluster, 'admin', method, path)
    if (code >= 300) throw new Error(`${path}: ${text}`)
  }
  const running = () =>
    (cluster.storage.list('virtualmachineinstances.kubevirt.io') as unknown as VirtualMachineInstance[]).filter(
      ({ status }) => status?.phase === 'Running',
    )

  test('has series for every running VMI, under its labels, and for no other [F029]', async () => {
    const samples = await vector('kubevirt_vmi_cpu_usage_seconds_total')
    expect(samples.map(({ metric }) => `${metric['namespace']}/${metric['name']}@${metric['node']}`).sort()).toEqual(
      running()
        .map(({ metadata, status }) => `${metadata.namespace}/${metadata.name}@${status?.nodeName}`)
        .sort(),
    )
    expect(samples[0]?.metric).toMatchObject({ __name__: 'kubevirt_vmi_cpu_usage_seconds_total', job: 'kubevirt-prometheus-metrics' })
  })

  test('says the same again for the same seed, and something else for another', async () => {
    const query = 'sum by (name) (rate(kubevirt_vmi_cpu_usage_seconds_total[5m]))'
    const [before, again] = [await vector(query), await vector(query)]
    expect(again).toEqual(before)
    await using other = await startSimCluster({ scenario: 'small', clock: manualClock(clock.now()), seed: 2 })
    const answer = (await (await fetch(`${other.prometheusUrl}/api/v1/query?${new URLSearchParams({ query })}`)).json()) as {
      data: { result: Sample[] }
    }
    expect(answer.data.result.map(({ value: [, text] }) => text).sort()).not.toEqual(before.map(({ value: [, text] }) => text).sort())
  })

  test('keeps memory within the guest, processors within their number, and nodes within their size', async () => {
    expect(await vector('kubevirt_vmi_memory_used_bytes > on (namespace, name) kubevirt_vmi_memory_domain_bytes')).toEqual([])
    expect(await vector('kubevirt_vmi_memory_resident_bytes > kubevirt_vmi_memory_domain_bytes')).toEqual([])
    expect(
      await vector('rate(kubevirt_vmi_cpu_usage_seconds_total[5m]) > on (namespace, name) group_left kubevirt_vmi_vcpu_count * 1.03'),
    ).toEqual([])
    expect(await vector('resets(node_cpu_seconds_total[1h]) > 0')).toEqual([])
    expect(await vector('node_memory_MemAvailable_bytes > node_memory_MemTotal_bytes or node_memory_MemAvailable_bytes < 0')).toEqual([])
    // What nodes are busy with is at least what their guests are.
    const nodes = await vector(
      'sum by (node) (label_replace(rate(node_cpu_seconds_total{mode!="idle"}[5m]), "node", "$1", "instance", "(.*)")) < on (node) 0.99 * sum by (node) (rate(kubevirt_vmi_cpu_usage_seconds_total[5m]))',
    )
    expect(nodes).toEqual([])
  })

  test('agrees with the objects on how many there are', async () => {
    expect(await value('sum(kubevirt_number_of_vms)')).toBe(cluster.storage.count('virtualmachines.kubevirt.io'))
    expect(await value('count(kubevirt_vm_info)')).toBe(cluster.storage.count('virtualmachines.kubevirt.io'))
    expect(await value('sum(kubevirt_vmi_phase_count{phase="running"})')).toBe(running().length)
    expect(await value('count(node_uname_info)')).toBe(cluster.storage.count('nodes'))
  })

  test('ends the series of a VM that stops, and counts from nothing after its start [F029]', async () => {
    const [vmi] = running().filter(({ metadata }) => metadata.namespace === 'team-a' && metadata.labels?.['kubevirt.io/domain'])
    const { namespace, name } = vmi!.metadata
    const selector = `{namespace="${namespace}",name="${name}"}`
    const subresource = (verb: string) =>
      admin('PUT', `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}/${verb}`)
    expect(await vector(`kubevirt_vmi_memory_used_bytes${selector}`)).toHaveLength(1)
    await subresource('stop')
    await cluster.settle()
    clock.advance(minute)
    expect(await vector(`kubevirt_vmi_memory_used_bytes${selector}`)).toEqual([])
    expect(await value(`kubevirt_vm_non_running_status_last_transition_timestamp_seconds${selector}`)).toBeGreaterThan(0)
    clock.advance(5 * minute)
    await subresource('start')
    await cluster.settle()
    clock.advance(5 * minute)
    const series = await range(`sum(kubevirt_vmi_cpu_usage_seconds_total${selector})`, 20)
    const times = series[0]?.values.map(([at]) => at) ?? []
    expect(Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? 0)))).toBeGreaterThanOrEqual(300)
    expect(Number(series[0]?.values.at(-1)?.[1])).toBeLessThan(Number(series[0]?.values[0]?.[1]))
    expect(await value(`sum(rate(kubevirt_vmi_cpu_usage_seconds_total${selector}[5m]))`)).toBeGreaterThan(0)
  })

  test('a paused guest holds its memory and works no more', async () => {
    const vmi = running().find(
      ({ status, metadata }) =>
        metadata.namespace === 'team-a' && !status?.conditions?.some(({ type, status: is }) => type === 'Paused' && is === 'True'),
    )
    const { namespace, name } = vmi!.metadata
    const selector = `{namespace="${namespace}",name="${name}"}`
    await admin('PUT', `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/pause`)
    await cluster.settle()
    clock.advance(6 * minute)
    expect(await value(`rate(kubevirt_vmi_cpu_usage_seconds_total${selector}[5m])`)).toBe(0)
    expect(await value(`kubevirt_vmi_memory_resident_bytes${selector}`)).toBeGreaterThan(0)
    await admin('PUT', `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/unpause`)
    await cluster.settle()
  })

  test('a migration sends its memory, and the guest goes on being counted on the other node [F029]', async () => {
    const migratable = running().filter(
      ({ status, metadata }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'LiveMigratable' && is === 'True') &&
        !status.migrationState &&
        metadata.namespace === 'shop',
    )
    const { namespace, name } = migratable[0]!.metadata
    const selector = `{namespace="${namespace}",name="${name}"}`
    const source = migratable[0]!.status?.nodeName
    await admin('PUT', `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}/migrate`)
    await cluster.settle()
    const total = await vector(`kubevirt_vmi_migration_data_total_bytes${selector}`)
    expect(total.map(({ metric }) => metric['node'])).toEqual([source])
    const remaining =
      (await range(`kubevirt_vmi_migration_data_remaining_bytes${selector}`, 2))[0]?.values.map(([, text]) => Number(text)) ?? []
    expect(remaining.length).toBeGreaterThan(0)
    clock.advance(minute)
    const [now] = await vector(`kubevirt_vmi_cpu_usage_seconds_total${selector}`)
    expect(now?.metric['node']).not.toBe(source)
    expect(await value(`kubevirt_vmi_migration_succeeded{vmi="${name}",namespace="${namespace}"}`)).toBe(1)
  })

  test('answers label and series queries, by GET and as a form', async () => {
    expect((await get('/api/v1/label/__name__/values')).data).toEqual(
      expect.arrayContaining(['kubevirt_vmi_memory_domain_bytes', 'node_cpu_seconds_total', 'up']),
    )
    expect((await get('/api/v1/label/namespace/values', { 'match[]': 'kubevirt_vmi_info' })).data).toContain('team-a')
    expect((await get('/api/v1/labels', { 'match[]': 'up' })).data).toEqual([
      '__name__',
      'container',
      'endpoint',
      'instance',
      'job',
      'namespace',
      'pod',
      'service',
    ])
    const form = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
    const series = await get('/api/v1/series', {}, { ...form, body: new URLSearchParams({ 'match[]': 'node_uname_info' }).toString() })
    expect(series.data).toHaveLength(cluster.storage.count('nodes'))
    const posted = await get('/api/v1/query', {}, { ...form, body: new URLSearchParams({ query: '1+1', time: '12.5' }).toString() })
    expect(posted).toEqual({ code: 200, status: 'success', data: { resultType: 'scalar', result: [12.5, '2'] } })
    expect(await get('/api/v1/series', { 'match[]': 'up', limit: '1' })).toMatchObject({ warnings: ['results truncated due to limit'] })
    expect((await get('/api/v1/metadata', { metric: 'up' })).data).toEqual({
      up: [{ type: 'gauge', help: 'Whether the last scrape of a target went well.', unit: '' }],
    })
  })

  test.each([
    ['/api/v1/query', {}, 'invalid parameter "query": unknown position: parse error: no expression found in input'],
    ['/api/v1/query', { query: 'up', time: 'soon' }, 'invalid parameter "time": cannot parse "soon" to a valid timestamp'],
    [
      '/api/v1/query_range',
      { query: 'up', start: '0', end: '10', step: '0' },
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      '/api/v1/query_range',
      { query: 'up', start: '10', end: '0', step: '1' },
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      '/api/v1/query_range',
      { query: 'up', start: '0', end: '11001', step: '1' },
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
    [
      '/api/v1/query_range',
      { query: 'up[5m]', start: '0', end: '10', step: '1' },
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['/api/v1/series', {}, 'no match[] parameter provided'],
    ['/api/v1/label/0a/values', {}, 'invalid label name: "0a"'],
    ['/api/v1/label/%ff/values', {}, 'invalid label name: "%ff"'],
  ])('%s %j is bad data', async (path, parameters, error) => {
    expect(await get(path, parameters as Record<string, string>)).toEqual({ code: 400, status: 'error', errorType: 'bad_data', error })
  })

  test('what cannot be evaluated over what is there is an error of execution', async () => {
    expect(await get('/api/v1/query', { query: 'up * on () up' })).toMatchObject({ code: 422, status: 'error', errorType: 'execution' })
  })

  test('is no sign-in, no other path and no other method', async () => {
    expect((await fetch(`${cluster.prometheusUrl}/-/ready`)).status).toBe(200)
    expect((await fetch(`${cluster.prometheusUrl}/api/v1/admin/tsdb/delete_series`)).status).toBe(404)
    expect((await fetch(`${cluster.prometheusUrl}//`)).status).toBe(404)
    expect((await fetch(`${cluster.prometheusUrl}/api/v1/query?query=up`, { method: 'DELETE' })).status).toBe(405)
  })
})
