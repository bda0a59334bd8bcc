import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { manualClock } from './clock.ts'
import { startSimCluster, type SimCluster, type SimClusterOptions } from './sim-cluster.ts'
import { ask } from './testing/ask.ts'

/** Starts a cluster whose own mistakes fail the test. */
async function start(options: Partial<SimClusterOptions> = {}): Promise<SimCluster & { failures: unknown[] }> {
  const failures: unknown[] = []
  const cluster = await startSimCluster({
    scenario: 'empty',
    clock: manualClock(),
    onError: (where, error) => failures.push(where, error),
    ...options,
  })
  return { ...cluster, failures }
}

type Vm = { status?: { printableStatus?: string; ready?: boolean } }
const vmsOfTeamA = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'

test('a VM that the power user creates runs once the cluster has settled, and is gone after its deletion', async () => {
  await using cluster = await start()
  const created = await ask(cluster, 'power-user', 'POST', vmsOfTeamA, {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'web-01' },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: { cpu: { cores: 1 }, memory: { guest: '1Gi' }, devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
          volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } }],
        },
      },
    },
  })
  expect(created.code).toBe(201)
  await cluster.settle()
  const vm = JSON.parse((await ask(cluster, 'power-user', 'GET', `${vmsOfTeamA}/web-01`)).text) as Vm
  expect(vm.status?.printableStatus).toBe('Running')
  expect((await ask(cluster, 'power-user', 'DELETE', `${vmsOfTeamA}/web-01`)).code).toBe(200)
  await cluster.settle()
  expect((await ask(cluster, 'power-user', 'GET', `${vmsOfTeamA}/web-01`)).code).toBe(404)
  expect(cluster.storage.list('pods', 'team-a')).toEqual([])
  expect(cluster.failures).toEqual([])
})

test('certificate authority and tokens outlive a restart, readable by their owner alone', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'sim-cluster-'))
  try {
    const first = await start({ stateDir })
    await first[Symbol.asyncDispose]()
    await using second = await start({ stateDir })
    expect(second.caCert).toBe(first.caCert)
    expect(second.users).toEqual(first.users)
    expect((await ask({ ...second, caCert: first.caCert, users: first.users }, 'admin', 'GET', '/version')).code).toBe(200)
    const file = join(stateDir, 'sim-cluster.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toContain('PRIVATE KEY')
  } finally {
    await rm(stateDir, { recursive: true })
  }
})

test('another host name gets a certificate of the same authority', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'sim-cluster-'))
  try {
    const first = await start({ stateDir })
    await first[Symbol.asyncDispose]()
    await using second = await start({ stateDir, hostName: 'localhost' })
    expect(second.url).toMatch(/^https:\/\/localhost:\d+$/)
    expect(second.caCert).toBe(first.caCert)
    expect((await ask(second, 'admin', 'GET', '/version')).code).toBe(200)
  } finally {
    await rm(stateDir, { recursive: true })
  }
})

test('the kubeconfig has a context per user, and one for the server that nobody signs in with', async () => {
  await using cluster = await start()
  const config = parse(cluster.kubeconfig()) as {
    contexts: { name: string }[]
    'current-context': string
    clusters: { cluster: { server: string } }[]
  }
  expect(config.contexts.map((context) => context.name)).toEqual(['admin', 'operator', 'power-user', 'user', 'viewer', 'virtdeck'])
  expect(config['current-context']).toBe('admin')
  expect(config.clusters[0]?.cluster.server).toBe(cluster.url)
  expect(cluster.users.map((user) => user.name)).toEqual(['admin', 'operator', 'power-user', 'user', 'viewer'])
})

test.each(['//', '//api/v1/nodes', '/%ff', '/api/v1/namespaces/%ff/pods'])('goes on after a request for %s', async (path) => {
  await using cluster = await start()
  expect((await ask(cluster, 'admin', 'GET', path)).code).toBeGreaterThanOrEqual(200)
  expect((await ask(cluster, 'admin', 'GET', '/version')).code).toBe(200)
  expect(cluster.failures).toEqual([])
})

test('a port that is taken is an error of the start', async () => {
  await using cluster = await start()
  const port = Number(new URL(cluster.url).port)
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
