import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { conditionOf, isTrue } from './objects.ts'
import { startTestCluster } from './testing.ts'

const vmKey = 'virtualmachines.kubevirt.io'
const printed = (vm: { status?: { printableStatus?: string } }) => vm.status?.printableStatus
const refusal = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

describe('a VM with a container disk', () => {
  test('goes from Stopped through Starting to Running, then its agent connects [F032]', () => {
    const statuses = cluster.follow(vmKey, 'vm1', printed)
    cluster.createVm('vm1')
    cluster.seconds(5)
    expect(statuses.slice(-3)).toEqual(['Stopped', 'Starting', 'Running'])
    const vmi = cluster.vmi('vm1')
    expect(vmi?.status?.phaseTransitionTimestamps?.map((transition) => transition.phase)).toEqual([
      'Pending',
      'Scheduling',
      'Scheduled',
      'Running',
    ])
    expect(vmi?.status?.nodeName).toMatch(/^fra-w-0\d$/)
    expect(vmi?.status?.interfaces?.[0]?.ipAddress).toMatch(/^10\./)
    expect(isTrue(vmi, 'AgentConnected')).toBe(false)
    cluster.seconds(6)
    expect(isTrue(cluster.vm('vm1'), 'AgentConnected')).toBe(true)
    expect(cluster.vmi('vm1')?.status?.guestOSInfo?.prettyName).toBe('Fedora Linux 41 (Cloud Edition)')
    expect(cluster.vm('vm1').status).toMatchObject({
      created: true,
      ready: true,
      observedGeneration: 1,
      desiredGeneration: 1,
      runStrategy: 'Always',
    })
  })

  test('records the events that people expect', () => {
    cluster.createVm('vm1')
    cluster.seconds(5)
    expect(cluster.events('SuccessfulCreate').map((event) => event.message)).toEqual([
      'Started the virtual machine by creating the new virtual machine instance vm1',
      expect.stringMatching(/^Created virtual machine pod virt-launcher-vm1-\w{5}$/),
    ])
    expect(cluster.events('Started')[0]).toMatchObject({
      message: 'VirtualMachineInstance started.',
      reportingComponent: 'virt-handler',
      involvedObject: { kind: 'VirtualMachineInstance', name: 'vm1' },
      count: 1,
    })
    expect(cluster.events('Scheduled')[0]).toMatchObject({ reportingComponent: 'default-scheduler', action: 'Binding' })
  })

  test('stops to Halted and starts to Always through its subresources [F033]', () => {
    cluster.createVm('vm1')
    cluster.seconds(5)
    const statuses = cluster.follow(vmKey, 'vm1', printed)
    expect(cluster.put('virtualmachines/stop', 'vm1')).toEqual({ code: 202 })
    cluster.seconds(5)
    expect(statuses.slice(-2)).toEqual(['Stopping', 'Stopped'])
    expect(cluster.vm('vm1').spec.runStrategy).toBe('Halted')
    expect(cluster.vmi('vm1')).toBeUndefined()
    expect(cluster.objects.list('pods', 'team-a')).toEqual([])
    expect(cluster.put('virtualmachines/start', 'vm1')).toEqual({ code: 202 })
    cluster.seconds(5)
    expect(statuses.slice(-2)).toEqual(['Starting', 'Running'])
  })

  test('restarts with a new VMI and the same VM [F034]', () => {
    cluster.createVm('vm1')
    cluster.seconds(5)
    const before = cluster.vmi('vm1')?.metadata.uid
    cluster.put('virtualmachines/restart', 'vm1')
    expect(cluster.vm('vm1').status?.stateChangeRequests).toEqual([{ action: 'Stop', uid: before }, { action: 'Start' }])
    cluster.seconds(12)
    expect(cluster.vmi('vm1')?.metadata.uid).not.toBe(before)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Running')
    expect(cluster.vm('vm1').status?.stateChangeRequests).toBeUndefined()
    expect(cluster.vm('vm1').spec.runStrategy).toBe('Always')
  })

  test('is killed at once by a stop without grace [F033]', () => {
    cluster.createVm('vm1', {
      annotations: { 'simulation.virtdeck.io/shutdown': 'ignored' },
      templateSpec: { terminationGracePeriodSeconds: 180 },
    })
    cluster.seconds(5)
    cluster.put('virtualmachines/stop', 'vm1')
    cluster.seconds(60)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopping')
    cluster.put('virtualmachines/stop', 'vm1', { gracePeriod: 0 })
    cluster.seconds(1)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
  })

  test('pauses and resumes, and says who paused it [F035]', () => {
    cluster.createVm('vm1')
    cluster.seconds(5)
    expect(cluster.put('virtualmachineinstances/pause', 'vm1')).toEqual({ code: 200 })
    cluster.seconds(1)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Paused')
    expect(conditionOf(cluster.vm('vm1'), 'Paused')).toMatchObject({
      status: 'True',
      reason: 'PausedByUser',
      message: 'VMI was paused by user',
    })
    expect(conditionOf(cluster.vm('vm1'), 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' })
    expect(refusal(() => cluster.put('virtualmachineinstances/pause', 'vm1'))).toBe(
      'Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "vm1": VMI is already paused',
    )
    cluster.put('virtualmachineinstances/unpause', 'vm1')
    cluster.seconds(1)
    expect(cluster.vm('vm1').status).toMatchObject({ printableStatus: 'Running', ready: true })
  })

  test('starts paused when it is asked to', () => {
    cluster.createVm('vm1', { runStrategy: 'Halted' })
    cluster.seconds(1)
    cluster.put('virtualmachines/start', 'vm1', { paused: true })
    cluster.seconds(5)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Paused')
    expect(cluster.vmi('vm1')?.spec?.startStrategy).toBe('Paused')
  })

  test('takes its VMI and pod with it when it is deleted [F039]', () => {
    cluster.createVm('vm1')
    cluster.seconds(5)
    cluster.remove(vmKey, 'vm1')
    cluster.seconds(1)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Terminating')
    cluster.seconds(5)
    expect(cluster.vm('vm1')).toBeUndefined()
    expect(cluster.vmi('vm1')).toBeUndefined()
  })

  test.each([
    ['virtualmachines/start', 'run', undefined, 'virtualmachine.kubevirt.io "run": VM is already running'],
    ['virtualmachines/stop', 'halted', undefined, 'virtualmachine.kubevirt.io "halted": VM is not running'],
    ['virtualmachines/stop', 'manual', undefined, 'virtualmachine.kubevirt.io "manual": VM is not running'],
    ['virtualmachines/restart', 'halted', undefined, 'RunStategy Halted does not support manual restart requests'],
    ['virtualmachines/restart', 'run', { gracePeriodSeconds: 5 }, 'For force restart, only gracePeriod=0 is supported for now'],
    ['virtualmachineinstances/unpause', 'run', undefined, 'VMI is not paused'],
    ['virtualmachineinstances/pause', 'halted', undefined, 'virtualmachineinstance.kubevirt.io "halted" not found'],
    ['virtualmachines/start', 'nosuch', undefined, 'virtualmachine.kubevirt.io "nosuch" not found'],
    ['virtualmachines/addvolume', 'run', undefined, 'AddVolumeOptions requires name to be set'],
  ])('refuses %s of %s as virt-api does', (subresource, name, body, words) => {
    cluster.createVm('run')
    cluster.createVm('halted', { runStrategy: 'Halted' })
    cluster.createVm('manual', { runStrategy: 'Manual' })
    cluster.seconds(5)
    expect(refusal(() => cluster.put(subresource, name, body))).toContain(words)
  })
})

describe('run strategies', () => {
  const powerOff = (name: string) => {
    // What a person types inside the guest.
    const uid = cluster.vmi(name)?.metadata.uid ?? ''
    const vmi = cluster.vmi(name)
    expect(vmi?.status?.phase).toBe('Running')
    cluster.objects.remove(
      'pods',
      cluster.objects.list('pods', 'team-a').find((pod) => pod.metadata.ownerReferences?.[0]?.uid === uid) as never,
      30,
    )
    cluster.seconds(4)
  }

  test('Manual starts only when asked, and stays down after the guest is gone', () => {
    cluster.createVm('vm1', { runStrategy: 'Manual' })
    cluster.seconds(5)
    expect(cluster.vmi('vm1')).toBeUndefined()
    cluster.put('virtualmachines/start', 'vm1')
    cluster.seconds(5)
    powerOff('vm1')
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
    cluster.seconds(30)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
  })

  test('Once runs once', () => {
    cluster.createVm('vm1', { runStrategy: 'Once' })
    cluster.seconds(5)
    powerOff('vm1')
    cluster.seconds(30)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
    expect(cluster.vmi('vm1')?.status?.phase).toBe('Succeeded')
  })

  test('RerunOnFailure comes back after a crash, not after a shutdown', () => {
    cluster.createVm('down', { runStrategy: 'RerunOnFailure' })
    cluster.createVm('crash', { runStrategy: 'RerunOnFailure', annotations: { 'simulation.virtdeck.io/crash': 'true' } })
    const phases = cluster.follow(
      'virtualmachineinstances.kubevirt.io',
      'crash',
      (vmi: { status?: { phase?: string } }) => vmi.status?.phase,
    )
    cluster.seconds(4)
    powerOff('down')
    cluster.seconds(20)
    expect(cluster.vm('down').status?.printableStatus).toBe('Stopped')
    expect(phases.filter((phase) => phase === 'Running').length).toBeGreaterThan(1)
  })

  test('Always brings the guest back after it crashed, without CrashLoopBackOff', () => {
    cluster.createVm('vm1', { annotations: { 'simulation.virtdeck.io/crash': 'true' } })
    const statuses = cluster.follow(vmKey, 'vm1', printed)
    cluster.seconds(20)
    expect(statuses).not.toContain('CrashLoopBackOff')
    expect(statuses.join(' ')).toContain('Running Stopped Starting Running')
  })

  test('a VM that fails before it runs backs off: 10, 40, 90 seconds', () => {
    cluster.createVm('vm1', { annotations: { 'simulation.virtdeck.io/start-failure': 'no such device' } })
    const failures = cluster.follow(
      vmKey,
      'vm1',
      (vm: { status?: { startFailure?: { consecutiveFailCount?: number } } }) => vm.status?.startFailure?.consecutiveFailCount,
    )
    cluster.seconds(6)
    expect(cluster.vm('vm1').status).toMatchObject({ printableStatus: 'CrashLoopBackOff', startFailure: { consecutiveFailCount: 1 } })
    cluster.seconds(11)
    expect(failures).toContain(2)
    cluster.seconds(30)
    expect(failures).not.toContain(3)
    cluster.seconds(15)
    expect(failures).toContain(3)
  })
})

describe('what keeps a VM from running', () => {
  test('no node has room: the scheduler says so [F016]', () => {
    cluster.createVm('vm1', { memory: '512Gi' })
    cluster.seconds(5)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('ErrorUnschedulable')
    expect(conditionOf(cluster.vm('vm1'), 'PodScheduled')?.message).toBe(
      '0/4 nodes are available: 4 Insufficient memory. preemption: 0/4 nodes are available: 4 No preemption victims found for incoming pod.',
    )
    expect(cluster.events('FailedScheduling')).toHaveLength(1)
  })

  test('a cordoned node and an unmatched selector are told apart', () => {
    const node = cluster.objects.get('nodes', undefined, 'fra-w-01')!
    cluster.objects.update('nodes', { ...node, spec: { ...node.spec, unschedulable: true } as never })
    cluster.createVm('vm1', { templateSpec: { nodeSelector: { gpu: 'yes' } } })
    cluster.seconds(5)
    expect(conditionOf(cluster.vm('vm1'), 'PodScheduled')?.message).toContain(
      "0/4 nodes are available: 1 node(s) were unschedulable, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
    )
  })

  test('it starts as soon as a node has room again', () => {
    cluster.createVm('big', { memory: '100Gi' })
    for (const n of [1, 2, 3]) cluster.createVm(`big-${n}`, { memory: '100Gi' })
    cluster.seconds(5)
    cluster.createVm('late', { memory: '100Gi' })
    cluster.seconds(5)
    expect(cluster.vm('late').status?.printableStatus).toBe('ErrorUnschedulable')
    cluster.put('virtualmachines/stop', 'big')
    cluster.seconds(12)
    expect(cluster.vm('late').status?.printableStatus).toBe('Running')
  })

  test('its claim does not exist', () => {
    cluster.createVm('vm1', { templateSpec: { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'nosuch' } }] } })
    cluster.seconds(5)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('ErrorPvcNotFound')
    expect(conditionOf(cluster.vm('vm1'), 'Synchronized')).toMatchObject({
      reason: 'FailedPvcNotFound',
      message: 'PVC team-a/nosuch does not exist, waiting for it to appear',
    })
  })

  test('its instance type does not exist: it stays Stopped with a Failure condition', () => {
    cluster.createVm('vm1', { spec: { instancetype: { name: 'nosuch' } } })
    cluster.seconds(5)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('Stopped')
    expect(conditionOf(cluster.vm('vm1'), 'Failure')).toMatchObject({
      status: 'True',
      reason: 'FailedFindInstancetype',
      message: 'virtualmachineclusterinstancetypes.instancetype.kubevirt.io "nosuch" not found',
    })
  })

  test('its image cannot be pulled', () => {
    cluster.createVm('vm1', { templateSpec: { volumes: [{ name: 'root', containerDisk: { image: 'registry.invalid/none:1' } }] } })
    cluster.seconds(5)
    expect(cluster.vm('vm1').status?.printableStatus).toBe('ImagePullBackOff')
  })
})

test('an instance type sizes the VMI, a preference dresses it', () => {
  cluster.createVm('vm1', {
    spec: { instancetype: { name: 'u1.large' }, preference: { name: 'ubuntu' } },
    templateSpec: { domain: { devices: { disks: [{ name: 'root', disk: {} }], interfaces: [{ name: 'default', masquerade: {} }] } } },
  })
  cluster.seconds(5)
  const domain = cluster.vmi('vm1')?.spec?.domain
  expect(domain).toMatchObject({
    cpu: { sockets: 2, cores: 1, threads: 1 },
    memory: { guest: '8Gi' },
    devices: { interfaces: [{ model: 'virtio' }] },
  })
  expect(cluster.vm('vm1').status?.instancetypeRef?.controllerRevisionRef?.name).toMatch(/^vm1-u1\.large-v1beta1-/)
})

test('a change that cannot come live asks for a restart, and the restart settles it [F018]', () => {
  cluster.createVm('vm1')
  cluster.seconds(5)
  const vm = cluster.vm('vm1')
  const { template } = vm.spec
  cluster.objects.setSpec('virtualmachines.kubevirt.io', vm, {
    ...vm.spec,
    template: {
      ...template,
      spec: { ...template.spec, domain: { ...template.spec?.domain, devices: { ...template.spec?.domain.devices, rng: {} } } },
    },
  })
  cluster.seconds(1)
  expect(conditionOf(cluster.vm('vm1'), 'RestartRequired')).toMatchObject({
    status: 'True',
    message: 'a non-live-updatable field was changed in the template spec',
  })
  expect(cluster.vm('vm1').status).toMatchObject({ desiredGeneration: 2, observedGeneration: 1 })
  cluster.put('virtualmachines/restart', 'vm1')
  cluster.seconds(12)
  expect(conditionOf(cluster.vm('vm1'), 'RestartRequired')).toBeUndefined()
  expect(cluster.vm('vm1').status).toMatchObject({ printableStatus: 'Running', observedGeneration: 2 })
})
