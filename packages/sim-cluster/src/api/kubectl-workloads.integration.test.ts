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

  test('creates workloads with the typed clients, which speak protobuf', async () => {
    await kubectl('create', 'deployment', 'shop', '--image=nginx:1.27', '--replicas=2', '--port=80')
    expect(
      await kubectl(
        'get',
        'deployment',
        'shop',
        '-o=jsonpath={.spec.replicas} {.spec.selector.matchLabels.app} {.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].ports[0].containerPort}',
      ),
    ).toBe('2 shop nginx:1.27 80')
    await kubectl('create', 'service', 'nodeport', 'shop', '--tcp=80:http')
    expect(
      await kubectl(
        'get',
        'service',
        'shop',
        '-o=jsonpath={.spec.type} {.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}',
      ),
    ).toBe('NodePort 80 http shop')
    await kubectl('create', 'ingress', 'shop', '--rule=shop.example.com/*=shop:80,tls=shop-cert')
    expect(
      await kubectl(
        'get',
        'ingress',
        'shop',
        '-o=jsonpath={.spec.rules[0].host} {.spec.rules[0].http.paths[0].backend.service.port.number} {.spec.tls[0].secretName}',
      ),
    ).toBe('shop.example.com 80 shop-cert')
    await kubectl('create', 'job', 'tidy', '--image=busybox', '--', 'rm', '-rf', '/cache')
    expect(
      await kubectl('get', 'job', 'tidy', '-o=jsonpath={.spec.template.spec.containers[0].command} {.spec.template.spec.restartPolicy}'),
    ).toBe('["rm","-rf","/cache"] Never')
    await kubectl('create', 'cronjob', 'nightly', '--image=busybox', '--schedule=0 3 * * *')
    expect(
      await kubectl('get', 'cronjob', 'nightly', '-o=jsonpath={.spec.schedule} {.spec.jobTemplate.spec.template.spec.containers[0].image}'),
    ).toBe('0 3 * * * busybox')
    await kubectl('run', 'probe', '--image=busybox', '--restart=Never', '--', 'true')
    expect(await kubectl('get', 'pod', 'probe', '-o=jsonpath={.spec.containers[0].args}')).toBe('["true"]')
  })

  test('gives out tokens that speak for a service account until it is gone', async () => {
    expect(await kubectl('get', 'serviceaccounts', '-o=name')).toBe('serviceaccount/default\n')
    await kubectl('create', 'serviceaccount', 'robot')
    await kubectl('create', 'rolebinding', 'robot', '--clusterrole=view', '--serviceaccount=team-a:robot')
    const token = (await kubectl('create', 'token', 'robot', '--duration=10m')).trim()
    const robot = (...args: string[]) => kubectl(`--token=${token}`, ...args)
    expect(await robot('auth', 'whoami', '-o=jsonpath={.status.userInfo.username} {.status.userInfo.groups}')).toBe(
      'system:serviceaccount:team-a:robot ["system:serviceaccounts","system:serviceaccounts:team-a","system:authenticated"]',
    )
    expect(await robot('auth', 'can-i', 'list', 'pods')).toBe('yes\n')
    await expect(robot('get', 'secrets')).rejects.toThrow('User "system:serviceaccount:team-a:robot" cannot list resource "secrets"')
    await expect(kubectl('create', 'token', 'robot', '--duration=1m')).rejects.toThrow('may not specify a duration less than 10 minutes')
    await expect(kubectl('create', 'token', 'nobody')).rejects.toThrow('serviceaccounts "nobody" not found')
    await expect(kubectl(`--token=${token.slice(0, -4)}AAAA`, 'auth', 'whoami')).rejects.toThrow('Unauthorized')
    await kubectl('delete', 'serviceaccount', 'robot')
    await expect(robot('auth', 'whoami')).rejects.toThrow('Unauthorized')
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
