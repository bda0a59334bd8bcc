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
      evictionStrategy: LiveMigrate
      domain:
        memory: {guest: 1Gi}
        devices: {disks: [{name: root, disk: {bus: virtio}}]}
      volumes: [{name: root, containerDisk: {image: 'quay.io/containerdisks/fedora:41'}}]
`

const pool = `apiVersion: pool.kubevirt.io/v1alpha1
kind: VirtualMachinePool
metadata: {name: pool, namespace: team-b}
spec:
  replicas: 1
  selector: {matchLabels: {pool: web}}
  virtualMachineTemplate:
    metadata: {labels: {pool: web}}
    spec:
      runStrategy: Halted
      template:
        metadata: {labels: {pool: web}}
        spec:
          domain: {memory: {guest: 1Gi}, devices: {}}
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

  const nodeOf = (name: string) => kubectl('get', 'vmi', name, '-n', 'team-a', '-o', 'jsonpath={.status.nodeName}')

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
    const onNode = await kubectl('get', 'vmi', '-n', 'team-a', '-l', 'kubevirt.io/nodeName,!nothing', '-o', 'name')
    expect(onNode).toBe('virtualmachineinstance.kubevirt.io/web-01\n')
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

  test('edits through an editor, and prints what is asked for of an object', async () => {
    const before = await kubectl('get', 'vm', 'web-01', '-n', 'team-a', '-o', 'yaml')
    expect(before).toMatch(/^ {4}app: web$/m)
    const { stdout } = await run('kubectl', [...global(), 'edit', 'vm', 'web-01', '-n', 'team-a'], {
      env: { ...process.env, KUBE_EDITOR: "sed -i 's/app: web/app: shop/'" },
    })
    expect(stdout).toBe('virtualmachine.kubevirt.io/web-01 edited\n')
    expect(await kubectl('get', 'vm', '-A', '-o', 'custom-columns=NAME:.metadata.name,APP:.metadata.labels.app')).toMatch(/^web-01 +shop$/m)
    await kubectl('annotate', 'vm', 'web-01', '-n', 'team-a', 'note=kept')
    await kubectl('patch', 'vm', 'web-01', '-n', 'team-a', '--type', 'json', '-p', '[{"op":"remove","path":"/metadata/annotations/note"}]')
    expect(await kubectl('get', 'vm', 'web-01', '-n', 'team-a', '-o', 'jsonpath={.metadata.annotations.note}')).toBe('')
  })

  test('explains fields, and lists what is served', async () => {
    expect(await kubectl('explain', 'vm.spec.template.spec.domain')).toMatch(
      /KIND: +VirtualMachine\n[^]*FIELD: domain <Object>[^]*\n {2}devices\t<Object>/,
    )
    expect(await kubectl('explain', 'pvc.spec.accessModes')).toMatch(/FIELD: accessModes <\[\]string>/)
    expect(await refusal('explain', 'vm.spec.nothing')).toBe('error: field "nothing" does not exist\n')
    expect(await kubectl('api-resources', '--api-group', 'kubevirt.io')).toMatch(
      /^virtualmachines +vm,vms +kubevirt\.io\/v1 +true +VirtualMachine$/m,
    )
  })

  test('lists all that a user may do', async () => {
    const list = await kubectl('--context', 'viewer', 'auth', 'can-i', '--list', '-n', 'team-a')
    expect(list).toMatch(/^virtualmachines\.kubevirt\.io .*\[get list watch\]$/m)
    expect(
      await kubectl('auth', 'can-i', 'delete', 'vms', '-n', 'team-a', '--as', 'nobody').catch((error: { stdout: string }) => error.stdout),
    ).toBe('no\n')
  })

  test('describes objects with their events, and lists events', async () => {
    expect(await kubectl('describe', 'vmi', 'web-01', '-n', 'team-a')).toMatch(/Events:\n +Type +Reason[^]*SuccessfulCreate/)
    expect(await kubectl('events', '-n', 'team-a', '--for', 'vm/web-01')).toContain('VirtualMachine/web-01')
    expect(await kubectl('describe', 'node', await nodeOf('web-01'))).toMatch(/Non-terminated Pods: [^]*virt-launcher-web-01/)
  })

  test('scales a pool of VMs', async () => {
    await writeFile(join(directory, 'pool.yaml'), pool)
    await kubectl('apply', '-f', join(directory, 'pool.yaml'))
    const scaled = await kubectl('scale', 'vmpool', 'pool', '-n', 'team-b', '--replicas=2', '--current-replicas=1')
    expect(scaled).toBe('virtualmachinepool.pool.kubevirt.io/pool scaled\n')
    await kubectl('wait', 'vm/pool-0', 'vm/pool-1', '-n', 'team-b', '--for=create', '--timeout=20s')
    await kubectl('delete', 'vmpool', 'pool', '-n', 'team-b', '--cascade=foreground', '--timeout=30s')
    expect(await kubectl('get', 'vms', '-n', 'team-b', '--ignore-not-found')).toBe('')
  })

  test('drains a node: its VMs migrate, none comes back until it is uncordoned', async () => {
    const node = await nodeOf('web-01')
    const { stdout, stderr } = await run('kubectl', [
      ...global(),
      'drain',
      node,
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--force',
      '--timeout=50s',
    ])
    expect(stdout).toContain(`node/${node} drained`)
    expect(stderr).toContain('Eviction triggered evacuation of VMI')
    expect(await nodeOf('web-01')).not.toBe(node)
    expect(await kubectl('get', 'node', node)).toContain('SchedulingDisabled')
    expect(await kubectl('uncordon', node)).toBe(`node/${node} uncordoned\n`)
  })

  test('deletes and waits until it is gone', async () => {
    await kubectl('delete', 'vm', 'web-01', '-n', 'team-a', '--timeout=20s')
    expect(await kubectl('get', 'vms', '-A', '--ignore-not-found')).toBe('')
  })
})
