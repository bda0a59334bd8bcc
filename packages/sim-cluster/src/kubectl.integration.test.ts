// Unmodified kubectl against the simulated cluster, where it is installed.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSimCluster, type SimCluster } from './sim-cluster.ts'

const installed = spawnSync('kubectl', ['version', '--client']).status === 0
const run = promisify(execFile)

const manifest = `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: web-01
  namespace: team-a
  labels: {app: web}
spec:
  runStrategy: Halted
  template:
    spec:
      domain:
        memory: {guest: 1Gi}
        devices: {disks: [{name: root, disk: {bus: virtio}}]}
      volumes: [{name: root, containerDisk: {image: 'quay.io/containerdisks/fedora:41'}}]
`

describe.skipIf(!installed)('kubectl', () => {
  let cluster: SimCluster
  let directory: string
  let vmFile: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubectl-'))
    vmFile = join(directory, 'vm.yaml')
    cluster = await startSimCluster({ scenario: 'empty', speed: 20 })
    await writeFile(join(directory, 'config'), cluster.kubeconfig(), { mode: 0o600 })
    await writeFile(vmFile, manifest)
    await kubectl('apply', '-f', vmFile)
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  const global = () => ['--kubeconfig', join(directory, 'config'), '--cache-dir', join(directory, 'cache')]
  const kubectl = async (...args: string[]) => (await run('kubectl', [...global(), ...args])).stdout
  const refusal = async (...args: string[]) => {
    const failed: unknown = await run('kubectl', [...global(), ...args]).catch((error: unknown) => error)
    return (failed as { stderr: string }).stderr
  }

  test('applies twice, the second time without a change', async () => {
    expect(await kubectl('apply', '-f', vmFile)).toBe('virtualmachine.kubevirt.io/web-01 unchanged\n')
    expect(await kubectl('apply', '--server-side', '--field-manager', 'other', '-f', vmFile)).toContain('serverside-applied')
  })

  test('prints the columns of the CRD, also by short name and wide', async () => {
    expect(await kubectl('get', 'vms', '-A')).toMatch(/^NAMESPACE +NAME +AGE +STATUS +READY\nteam-a +web-01 +\d+s +Stopped +False\n/)
    expect(await kubectl('get', 'vm', '-n', 'team-a', '-o', 'wide')).toContain('web-01')
    expect(await kubectl('get', 'vm', 'web-01', '-n', 'team-a', '-o', 'jsonpath={.spec.runStrategy}')).toBe('Halted')
    expect(await kubectl('get', 'nodes', '-o', 'wide')).toMatch(/CONTAINER-RUNTIME/)
  })

  test('patches, labels and waits', async () => {
    await kubectl('label', 'vm', 'web-01', '-n', 'team-a', 'tier=gold')
    await kubectl('patch', 'vm', 'web-01', '-n', 'team-a', '--type', 'merge', '-p', '{"spec":{"runStrategy":"Always"}}')
    await kubectl('wait', 'vm/web-01', '-n', 'team-a', '--for=condition=Ready', '--timeout=20s')
    expect(await kubectl('get', 'vmi', '-n', 'team-a', '-l', 'kubevirt.io/domain=web-01,!nothing', '--ignore-not-found')).toBeDefined()
    expect(await kubectl('get', 'vm', '-A', '-l', 'tier in (gold)', '-o', 'name')).toBe('virtualmachine.kubevirt.io/web-01\n')
    expect(await kubectl('describe', 'vm', 'web-01', '-n', 'team-a')).toMatch(/Printable Status: +Running/)
  })

  test('watches', async () => {
    const child = spawn('kubectl', [...global(), 'get', 'configmaps', '-n', 'team-b', '-w', '-o', 'name'])
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      await kubectl('create', 'configmap', 'first', '-n', 'team-b', '--from-literal=a=b')
      expect((await lines.next()).value).toBe('configmap/first')
    } finally {
      child.kill()
    }
  })

  test('creates built-in kinds, which it sends as protobuf', async () => {
    await kubectl('create', 'namespace', 'made-by-kubectl')
    await kubectl('create', 'secret', 'generic', 'login', '-n', 'team-b', '--from-literal=password=fedora')
    expect(await kubectl('get', 'secret', 'login', '-n', 'team-b', '-o', 'jsonpath={.data.password}')).toBe('ZmVkb3Jh')
  })

  test('tells what a user may do, and shows the refusal of what not', async () => {
    expect(await kubectl('--context', 'power-user', 'auth', 'can-i', 'create', 'vms', '-n', 'team-a')).toBe('yes\n')
    expect(await kubectl('--context', 'viewer', 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('viewer')
    expect(await refusal('--context', 'viewer', 'delete', 'vm', 'web-01', '-n', 'team-a')).toBe(
      'Error from server (Forbidden): virtualmachines.kubevirt.io "web-01" is forbidden: User "viewer" cannot delete resource "virtualmachines" in API group "kubevirt.io" in the namespace "team-a"\n',
    )
  })

  test('deletes and waits until it is gone', async () => {
    await kubectl('delete', 'vm', 'web-01', '-n', 'team-a', '--timeout=20s')
    expect(await kubectl('get', 'vms', '-A', '--ignore-not-found')).toBe('')
  })
})
