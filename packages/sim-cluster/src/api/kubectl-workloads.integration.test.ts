// Unmodified kubectl with quotas, budgets, scales and definitions, where it is installed.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'

const run = promisify(execFile)

const pool = {
  apiVersion: 'pool.kubevirt.io/v1alpha1',
  kind: 'VirtualMachinePool',
  metadata: { name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    virtualMachineTemplate: {
      metadata: { labels: { app: 'web' } },
      spec: {
        runStrategy: 'Halted',
        template: { metadata: { labels: { app: 'web' } }, spec: { domain: { memory: { guest: '512Mi' }, devices: {} } } },
      },
    },
  },
}

describe.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)('kubectl', () => {
  let cluster: SimCluster
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubectl-workloads-'))
    cluster = await startSimCluster({ scenario: 'empty', speed: 20 })
    await writeFile(join(directory, 'config'), cluster.kubeconfig(), { mode: 0o600 })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  const global = () => ['--kubeconfig', join(directory, 'config'), '--cache-dir', join(directory, 'cache'), '-n', 'team-a']
  const kubectl = async (...args: string[]) => (await run('kubectl', [...global(), ...args])).stdout
  const fileOf = async (name: string, object: object) => {
    const path = join(directory, name)
    await writeFile(path, JSON.stringify(object))
    return path
  }

  test('scales a pool', async () => {
    await kubectl('create', '-f', await fileOf('pool.json', pool))
    expect(await kubectl('scale', 'vmpool', 'web', '--replicas=3')).toBe('virtualmachinepool.pool.kubevirt.io/web scaled\n')
    await kubectl('wait', 'vmpool/web', '--for=jsonpath={.status.replicas}=3', '--timeout=20s')
    expect(await kubectl('get', 'vmpool')).toMatch(/^NAME +DESIRED +CURRENT +READY +AGE\nweb +3 +3/)
  })

  test('creates a quota and a disruption budget, and shows what they come to', async () => {
    await kubectl('create', 'quota', 'team', '--hard=configmaps=5,pods=3')
    await kubectl('wait', 'quota/team', '--for=jsonpath={.status.hard.pods}=3', '--timeout=20s')
    expect(await kubectl('describe', 'quota', 'team')).toMatch(/pods +0 +3/)
    await kubectl('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=50%')
    expect(await kubectl('get', 'pdb', 'web')).toMatch(/web +50% +N\/A +0/)
  })

  test('waits for a definition, and lists what serves what', async () => {
    const waited = await kubectl('wait', '--for=condition=established', 'crd/virtualmachines.kubevirt.io', '--timeout=5s')
    expect(waited).toBe('customresourcedefinition.apiextensions.k8s.io/virtualmachines.kubevirt.io condition met\n')
    expect(await kubectl('get', 'apiservices')).toMatch(/v1\.subresources\.kubevirt\.io +kubevirt\/virt-api +True/)
  })

  test('refuses a misspelt field before anything is created', async () => {
    const misspelt = structuredClone(pool)
    Object.assign(misspelt.spec, { replica: 2 })
    await expect(kubectl('create', '-f', await fileOf('misspelt.json', misspelt))).rejects.toThrow(
      'strict decoding error: unknown field "spec.replica"',
    )
  })
})
