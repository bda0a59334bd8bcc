import type { VirtualMachine } from '@virtdeck/k8s'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { conditionOf, isTrue, migrations, vms } from './objects.ts'
import { startTestCluster } from './testing.ts'

type TemplateSpec = NonNullable<VirtualMachine['spec']['template']['spec']>

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

function patchTemplate(name: string, change: (spec: TemplateSpec) => TemplateSpec): void {
  const vm = cluster.vm(name)
  const template = { ...vm.spec.template, spec: change(vm.spec.template.spec as TemplateSpec) }
  cluster.objects.setSpec(vms, vm, { ...vm.spec, template })
}
const withDomain = (name: string, change: object) => patchTemplate(name, (spec) => ({ ...spec, domain: { ...spec.domain, ...change } }))
const restartMessage = (name: string) => conditionOf(cluster.vm(name), 'RestartRequired')?.message
const movesOf = (name: string) => cluster.objects.list(migrations, 'team-a').filter((migration) => migration.spec?.vmiName === name)

describe('a running VM whose sockets are changed', () => {
  beforeEach(() => {
    cluster.createVm('vm1', { cpus: 2, memory: '2Gi' })
    cluster.seconds(12)
  })

  test('has room for four times as many sockets and as much memory', () => {
    expect(cluster.vmi('vm1')?.spec.domain).toMatchObject({ cpu: { sockets: 2, maxSockets: 8 }, memory: { guest: '2Gi', maxGuest: '8Gi' } })
  })

  test('gets more of them by an automatic migration, without a restart [F018]', () => {
    const uid = cluster.vmi('vm1')?.metadata.uid
    withDomain('vm1', { cpu: { sockets: 4 } })
    cluster.seconds(1)
    expect(isTrue(cluster.vmi('vm1'), 'HotVCPUChange')).toBe(true)
    expect(cluster.vmi('vm1')?.spec.domain.cpu?.sockets).toBe(4)
    expect(cluster.vmi('vm1')?.status?.currentCPUTopology).toEqual({ sockets: 2 })
    cluster.seconds(30)
    expect(movesOf('vm1')).toMatchObject([
      {
        metadata: { generateName: 'kubevirt-workload-update-', annotations: { 'kubevirt.io/workloadUpdateMigration': '' } },
        status: { phase: 'Succeeded' },
      },
    ])
    expect(conditionOf(cluster.vmi('vm1'), 'HotVCPUChange')).toBeUndefined()
    expect(cluster.vmi('vm1')?.status?.currentCPUTopology).toEqual({ sockets: 4 })
    expect(cluster.vmi('vm1')?.metadata.uid).toBe(uid)
    expect(restartMessage('vm1')).toBeUndefined()
    expect(cluster.events('SuccessfulCreate').map((event) => event.message)).toContainEqual(
      expect.stringMatching(/^Created Migration kubevirt-workload-update-\w{5} for automated workload update$/),
    )
  })

  test.each([
    [1, 'Reduction of CPU socket count requires a restart'],
    [9, "CPU sockets updated in template spec to a value higher than what's available"],
  ])('asks for a restart when it is to have %i', (sockets, message) => {
    withDomain('vm1', { cpu: { sockets } })
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBe(message)
    expect(cluster.vmi('vm1')?.spec.domain.cpu?.sockets).toBe(2)
    withDomain('vm1', { cpu: { sockets: 2 } })
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBeUndefined()
    expect(cluster.vm('vm1').status?.observedGeneration).toBe(cluster.vm('vm1').metadata.generation)
  })

  test('loses them again only with a restart', () => {
    withDomain('vm1', { cpu: { sockets: 4 } })
    cluster.seconds(40)
    withDomain('vm1', { cpu: { sockets: 2 } })
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBe('Reduction of CPU socket count requires a restart')
  })

  test('asks for a restart of another topology, and a second change waits for the first', () => {
    withDomain('vm1', { cpu: { sockets: 3 } })
    cluster.seconds(0.1)
    withDomain('vm1', { cpu: { sockets: 4 } })
    cluster.seconds(0.1)
    expect(conditionOf(cluster.vm('vm1'), 'Failure')).toMatchObject({
      reason: 'HotPlugCPUError',
      message: 'Error encountered while handling CPU change request: another CPU hotplug is in progress',
    })
    cluster.seconds(90)
    expect(cluster.vmi('vm1')?.status?.currentCPUTopology).toEqual({ sockets: 4 })
    expect(conditionOf(cluster.vm('vm1'), 'Failure')).toBeUndefined()
    withDomain('vm1', { cpu: { sockets: 4, cores: 2 } })
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBe('a non-live-updatable field was changed in the template spec')
  })

  test('gets nothing live where the cluster stages its rollouts', () => {
    const kubeVirt = cluster.objects.list('kubevirts.kubevirt.io')[0]!
    cluster.objects.setSpec('kubevirts.kubevirt.io', kubeVirt, {
      ...kubeVirt.spec,
      configuration: { ...kubeVirt.spec.configuration, vmRolloutStrategy: 'Stage' },
    })
    withDomain('vm1', { cpu: { sockets: 4 } })
    cluster.seconds(30)
    expect(restartMessage('vm1')).toBe('a non-live-updatable field was changed in the template spec')
    expect(movesOf('vm1')).toEqual([])
  })
})

describe('a running VM whose memory is changed', () => {
  const grow = (guest: string) => withDomain('vm1', { memory: { guest } })

  test('gets more of it by an automatic migration; its launcher is larger then', () => {
    cluster.createVm('vm1', { memory: '2Gi' })
    cluster.seconds(12)
    grow('4Gi')
    cluster.seconds(1)
    expect(isTrue(cluster.vmi('vm1'), 'HotMemoryChange')).toBe(true)
    expect(cluster.vmi('vm1')?.status?.memory).toEqual({ guestAtBoot: '2Gi', guestCurrent: '2Gi', guestRequested: '2Gi' })
    cluster.seconds(40)
    expect(cluster.vmi('vm1')?.status?.memory).toEqual({ guestAtBoot: '2Gi', guestCurrent: '4Gi', guestRequested: '4Gi' })
    const running = cluster.objects.list('pods', 'team-a').find((pod) => pod.status?.phase === 'Running')
    expect(parseInt(running?.spec?.containers?.[0]?.resources?.requests?.memory as unknown as string)).toBeGreaterThan(4096)
  })

  test.each([
    ['1Gi', 'memory updated in template spec to a value lower than what the VM started with'],
    ['9Gi', 'memory hotplug not supported, Guest memory is greater than the configured maxGuest memory'],
    ['3000001Ki', 'memory hotplug not supported, Guest memory must be 2Mi aligned'],
  ])('asks for a restart when it is to have %s', (guest, message) => {
    cluster.createVm('vm1', { memory: '2Gi' })
    cluster.seconds(12)
    grow(guest)
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBe(message)
  })

  test('asks for a restart where it started with less than 1Gi, or cannot migrate', () => {
    cluster.createVm('vm1', { memory: '512Mi' })
    cluster.createVm('local', { memory: '2Gi', disk: { storageClassName: 'local-path', accessMode: 'ReadWriteOnce' } })
    cluster.seconds(60)
    grow('1Gi')
    withDomain('local', { memory: { guest: '4Gi' } })
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBe('memory updated in template spec. Memory-hotplug is not available for this VM configuration')
    expect(restartMessage('local')).toBe('memory updated in template spec. Memory-hotplug is only available for migratable VMs')
  })

  test('asks for a restart when the guest did not take it', () => {
    cluster.createVm('vm1', { memory: '2Gi', annotations: { 'simulation.virtdeck.io/memory-hotplug': 'fails' } })
    cluster.seconds(12)
    grow('4Gi')
    cluster.seconds(40)
    expect(conditionOf(cluster.vmi('vm1'), 'HotMemoryChange')).toMatchObject({ status: 'False', reason: 'Memory Hotplug Failed' })
    expect(restartMessage('vm1')).toBe(
      'memory updated in template spec. Memory-hotplug failed and is not available for this VM configuration',
    )
  })
})

test('a larger instance type comes live, and its revision with it', () => {
  cluster.createVm('vm1', {
    spec: { instancetype: { name: 'u1.medium' }, preference: { name: 'ubuntu' } },
    templateSpec: { domain: { devices: { disks: [{ name: 'root', disk: {} }], interfaces: [{ name: 'default', masquerade: {} }] } } },
  })
  cluster.seconds(12)
  const vm = cluster.vm('vm1')
  cluster.objects.setSpec(vms, vm, { ...vm.spec, instancetype: { ...vm.spec.instancetype, name: 'u1.large' } })
  cluster.seconds(60)
  expect(restartMessage('vm1')).toBeUndefined()
  expect(cluster.vmi('vm1')?.status).toMatchObject({ currentCPUTopology: { sockets: 2 }, memory: { guestCurrent: '8Gi' } })
  const name = cluster.vm('vm1').status?.instancetypeRef?.controllerRevisionRef?.name
  expect(name).toMatch(/^vm1-u1\.large-v1beta1-/)
  expect(cluster.objects.get('controllerrevisions.apps', 'team-a', name)?.data).toMatchObject({
    kind: 'VirtualMachineClusterInstancetype',
    spec: { cpu: { guest: 2 }, memory: { guest: '8Gi' } },
  })
})

test('where a VM may run follows its template, once it does not migrate', () => {
  cluster.createVm('vm1')
  cluster.seconds(12)
  cluster.migrate('vm1')
  cluster.seconds(3)
  patchTemplate('vm1', (spec) => ({ ...spec, nodeSelector: { 'topology.kubernetes.io/zone': 'fra-1' } }))
  cluster.seconds(1)
  expect(conditionOf(cluster.vm('vm1'), 'Failure')).toBeUndefined()
  cluster.seconds(2)
  cluster.seconds(30)
  expect(cluster.vmi('vm1')?.spec.nodeSelector).toEqual({ 'topology.kubernetes.io/zone': 'fra-1' })
  expect(restartMessage('vm1')).toBeUndefined()
})

describe('network interfaces of a running VM', () => {
  const plug = () =>
    patchTemplate('vm1', (spec) => ({
      ...spec,
      domain: {
        ...spec.domain,
        devices: { ...spec.domain.devices, interfaces: [...(spec.domain.devices.interfaces ?? []), { name: 'extra', bridge: {} }] },
      },
      networks: [...(spec.networks ?? []), { name: 'extra', multus: { networkName: 'vlan-120' } }],
    }))
  const setState = (state: string) =>
    patchTemplate('vm1', (spec) => ({
      ...spec,
      domain: {
        ...spec.domain,
        devices: {
          ...spec.domain.devices,
          interfaces: spec.domain.devices.interfaces?.map((nic) => (nic.name === 'extra' ? { ...nic, state } : nic)) ?? [],
        },
      },
    }))
  const nic = () => cluster.vmi('vm1')?.status?.interfaces?.find((candidate) => candidate.name === 'extra')

  beforeEach(() => {
    cluster.createVm('vm1')
    cluster.seconds(12)
    plug()
    cluster.seconds(1)
  })

  test('come with an automatic migration after a quarter of a minute', () => {
    expect(cluster.vmi('vm1')?.spec.networks?.map((network) => network.name)).toEqual(['default', 'extra'])
    expect(conditionOf(cluster.vmi('vm1'), 'MigrationRequired')).toMatchObject({ status: 'False', reason: 'AutoMigrationPending' })
    expect(nic()).toBeUndefined()
    cluster.seconds(15)
    expect(conditionOf(cluster.vmi('vm1'), 'MigrationRequired')).toMatchObject({
      status: 'True',
      reason: 'AutoMigrationDueToLiveUpdate',
    })
    cluster.seconds(30)
    expect(conditionOf(cluster.vmi('vm1'), 'MigrationRequired')).toBeUndefined()
    expect(nic()).toMatchObject({ infoSource: 'domain, guest-agent, multus-status', linkState: 'up', ipAddress: expect.any(String) })
    expect(restartMessage('vm1')).toBeUndefined()
  })

  test('leave the domain at once when they are absent, and the specs with the next migration', () => {
    cluster.seconds(45)
    setState('absent')
    cluster.seconds(1)
    expect(nic()).toEqual({ name: 'extra', infoSource: 'multus-status', podInterfaceName: expect.any(String) })
    cluster.seconds(60)
    expect(nic()).toBeUndefined()
    expect(cluster.vmi('vm1')?.spec.domain.devices.interfaces?.map(({ name }) => name)).toEqual(['default'])
    expect(cluster.vm('vm1').spec.template.spec?.networks?.map(({ name }) => name)).toEqual(['default'])
    expect(restartMessage('vm1')).toBeUndefined()
  })

  test('lose their link and get it back', () => {
    cluster.seconds(45)
    setState('down')
    cluster.seconds(1)
    expect(nic()?.linkState).toBe('down')
    setState('up')
    cluster.seconds(1)
    expect(nic()?.linkState).toBe('up')
    expect(movesOf('vm1')).toHaveLength(1)
  })

  test('are not waited for any more when they are taken back before they are there', () => {
    patchTemplate('vm1', (spec) => ({ ...spec, nodeSelector: { 'topology.kubernetes.io/zone': 'none' } }))
    cluster.seconds(30)
    expect(movesOf('vm1').map((migration) => migration.status?.phase)).toEqual(['Scheduling'])
    setState('absent')
    cluster.seconds(1)
    expect(cluster.events('SuccessfulChangeAbortion')[0]?.message).toBe('Aborted change for vmi: vm1')
    expect(movesOf('vm1').map((migration) => migration.status?.phase)).not.toContain('Scheduling')
    expect(cluster.vm('vm1').spec.template.spec?.networks?.map(({ name }) => name)).toEqual(['default'])
  })

  test('that were there from the start cannot just be dropped', () => {
    cluster.seconds(45)
    patchTemplate('vm1', (spec) => ({
      ...spec,
      domain: { ...spec.domain, devices: { ...spec.domain.devices, interfaces: [{ name: 'extra', bridge: {} }] } },
      networks: [{ name: 'extra', multus: { networkName: 'vlan-120' } }],
    }))
    cluster.seconds(1)
    expect(restartMessage('vm1')).toBe('a non-live-updatable field was changed in the template spec')
  })
})
