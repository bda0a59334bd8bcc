// VirtualMachineInstances: virt-controller's half (pod, scheduling) and virt-handler's half (domain, agent, conditions).
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vmi/vmi.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-handler/vm.go
import type { Condition, KubeObject, Pod, VirtualMachineInstance } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import { quotaRefusal } from '../quota/quotas.ts'
import type { ControllerContext } from './context.ts'
import type { Controller, ReconcileContext } from './controller.ts'
import { delays } from './delays.ts'
import { cloudInitUsers, guestDisksOf, guestOsInfo, guestOsOf, hasAgent, hostnameOf } from './guest-os.ts'
import { syncHotplug } from './hotplug.ts'
import { launcherPod } from './launcher-pod.ts'
import { conditionOf, conditionsOf, controllerOf, dataVolumes, isTrue, keyOf, pvcs, splitKey, vmis, withCondition } from './objects.ts'
import { followSpec, interfacesOf, migratabilityOf, volumeStatusOf, type Nic } from './vmi-status.ts'
import { currentSizeOf } from './vmi-spec.ts'
import { claimNameOf, isHotplugVolume } from './volumes.ts'

type Status = NonNullable<VirtualMachineInstance['status']>
type Value = { status: 'True' | 'False'; reason?: string; message?: string; probed?: boolean }

const defaultGraceSeconds = 30

export const isFinal = (vmi: VirtualMachineInstance): boolean => vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed'
export const isPaused = (vmi: VirtualMachineInstance | undefined): boolean => isTrue(vmi, 'Paused')

/** A VMI's status being rewritten: phases keep their timestamps, conditions their transitions. */
export function draftStatus(context: ControllerContext, vmi: VirtualMachineInstance) {
  const now = timestamp(context.clock)
  let conditions: Condition[] = conditionsOf(vmi)
  const status: Status = { ...vmi.status }
  return {
    status,
    condition(type: string, value: Value | undefined) {
      conditions = withCondition(conditions, type, value, now)
    },
    phase(phase: string) {
      if (status.phase === phase) return
      status.phase = phase
      status.phaseTransitionTimestamps = [...(status.phaseTransitionTimestamps ?? []), { phase, phaseTransitionTimestamp: now as never }]
    },
    /** Stores what changed; labels go with it where they are given. */
    write(labels?: Record<string, string>): VirtualMachineInstance {
      if (conditions.length > 0) status.conditions = conditions as never
      const object = labels ? { ...vmi, metadata: { ...vmi.metadata, labels: { ...vmi.metadata.labels, ...labels } } } : vmi
      return context.objects.setStatus(vmis, object, status)
    },
  }
}

/** The launcher that runs the guest now: on the VMI's node; a migration's target is another. */
export function activePodOf(context: ControllerContext, vmi: VirtualMachineInstance): Pod | undefined {
  const pods = context.indexes.podsOfVmi(vmi.metadata.uid).filter((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher')
  const node = vmi.status?.nodeName
  const own = pods.filter((pod) => (node ? pod.spec?.nodeName === node : !pod.metadata.labels?.['kubevirt.io/migrationJobUID']))
  return own.find((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed') ?? own[0]
}

/** A guest that was seeded as running has its boot behind it. */
function runningSince(vmi: VirtualMachineInstance): number | undefined {
  const since = vmi.status?.phaseTransitionTimestamps?.findLast(({ phase }) => phase === 'Running')?.phaseTransitionTimestamp
  return since === undefined ? undefined : Date.parse(String(since))
}

/** Tells the guest what its VMI is now; boots it where it does not run yet. */
export function describeGuest(context: ControllerContext, vmi: VirtualMachineInstance, bootedAt = runningSince(vmi)): void {
  const { objects, guests } = context
  const os = guestOsOf(objects, vmi)
  guests.boot({
    uid: vmi.metadata.uid,
    namespace: vmi.metadata.namespace ?? '',
    name: vmi.metadata.name,
    hostname: hostnameOf(objects, vmi),
    os: os.id === 'mswindows' ? 'windows' : os.id,
    osName: os.prettyName,
    kernel: os.kernelRelease,
    ...currentSizeOf(vmi),
    node: vmi.status?.nodeName ?? '',
    ips: (vmi.status?.interfaces ?? []).flatMap((nic) => nic.ipAddresses ?? []),
    nics: (vmi.status?.interfaces ?? []).map((nic, i) => ({ name: `enp${i + 1}s0`, mac: nic.mac ?? '', ips: nic.ipAddresses ?? [] })),
    disks: guestDisksOf(objects, vmi, os),
    users: cloudInitUsers(objects, vmi, os),
    ...(bootedAt === undefined ? {} : { bootedAt }),
  })
}

/** Boots a guest from its disk. */
function bootGuest(context: ControllerContext, vmi: VirtualMachineInstance): void {
  describeGuest(context, vmi)
  context.disks.load(context.objects, vmi)
  if (isPaused(vmi)) context.guests.setPaused(vmi.metadata.uid, true)
}

/** Pauses or resumes: the guest, the condition, and the pod's readiness gate with it. */
export function setPaused(context: ControllerContext, vmi: VirtualMachineInstance, paused: boolean, by = 'user'): void {
  context.guests.setPaused(vmi.metadata.uid, paused)
  const draft = draftStatus(context, vmi)
  draft.condition('Paused', paused ? { status: 'True', reason: 'PausedByUser', message: `VMI was paused by ${by}` } : undefined)
  const stored = draft.write()
  const pod = activePodOf(context, stored)
  if (pod) gatePod(context, pod, paused)
}

function gatePod(context: ControllerContext, pod: Pod, paused: boolean): void {
  const now = timestamp(context.clock)
  let conditions = (pod.status?.conditions ?? []) as Condition[]
  conditions = withCondition(
    conditions,
    'kubevirt.io/virtual-machine-unpaused',
    paused
      ? { status: 'False', reason: 'Paused', message: 'the virtual machine is paused' }
      : { status: 'True', reason: 'NotPaused', message: 'the virtual machine is not paused' },
    now,
  )
  conditions = withCondition(
    conditions,
    'Ready',
    paused
      ? {
          status: 'False',
          reason: 'ReadinessGatesNotReady',
          message: 'corresponding condition of pod readiness gate "kubevirt.io/virtual-machine-unpaused" is not "True"',
        }
      : { status: 'True' },
    now,
  )
  context.objects.setStatus('pods', pod, { ...pod.status, conditions })
}

const handler = (vmi: VirtualMachineInstance) => ({ component: 'virt-handler', host: vmi.status?.nodeName ?? '' })

/** virt-controller's part of a launcher's end; its grace period is the guest's and a little more. */
function deletePod({ objects, record }: ControllerContext, vmi: VirtualMachineInstance, pod: Pod): void {
  if (pod.metadata.deletionTimestamp) return
  objects.remove('pods', pod, pod.spec?.terminationGracePeriodSeconds ?? 30)
  record(vmi, 'Normal', 'SuccessfulDelete', `Deleted virtual machine pod ${pod.metadata.name}`)
}

/** Ends a guest: its disk is kept with its claim, its pods go, the phase is final. */
function endGuest(
  context: ControllerContext,
  vmi: VirtualMachineInstance,
  phase: 'Succeeded' | 'Failed',
  reason?: { reason: string; message: string },
): void {
  const { guests, disks, objects, indexes, record } = context
  disks.save(objects, vmi)
  guests.shutdown(vmi.metadata.uid)
  const draft = draftStatus(context, vmi)
  draft.condition('Ready', { status: 'False', reason: 'PodTerminating', message: 'virt-launcher pod is terminating', probed: true })
  draft.condition('Paused', undefined)
  draft.phase(phase)
  draft.status.activePods = {}
  if (reason) draft.status.reason = reason.reason
  const stored = draft.write()
  if (phase === 'Failed') record(stored, 'Warning', 'Stopped', reason?.message ?? 'The VirtualMachineInstance crashed.', handler(vmi))
  else record(stored, 'Normal', 'Stopped', 'The VirtualMachineInstance was shut down.', handler(vmi))
  for (const pod of indexes.podsOfVmi(vmi.metadata.uid)) {
    const ended = pod.status?.phase === 'Succeeded' ? pod : objects.setStatus('pods', pod, { ...pod.status, phase })
    if (!pod.metadata.deletionTimestamp) deletePod(context, stored, ended)
  }
}

export function vmiController(context: ControllerContext): Controller {
  const { objects, indexes, clock, guests, record, waits, random } = context
  const booted = new Set<string>()

  function launch(vmi: VirtualMachineInstance, reconcile: ReconcileContext): void {
    const draft = draftStatus(context, vmi)
    const claims = (vmi.spec?.volumes ?? []).flatMap((volume) => {
      const name = isHotplugVolume(volume) ? undefined : claimNameOf(volume)
      return name ? [`${vmi.metadata.namespace}/${name}`] : []
    })
    const missing = claims.find((claim) => !objects.get(pvcs, ...splitKey(claim)))
    draft.phase('Pending')
    if (missing) {
      const message = `PVC ${missing} does not exist, waiting for it to appear`
      draft.condition('Ready', {
        status: 'False',
        reason: 'PodNotExists',
        message: 'virt-launcher pod has not yet been scheduled',
        probed: true,
      })
      draft.condition('Synchronized', { status: 'False', reason: 'FailedPvcNotFound', message })
      draft.condition('PodScheduled', { status: 'False', reason: 'Unschedulable', message })
      draft.write()
      return
    }
    const waiting = claims.filter((claim) => !isClaimReady(claim))
    if (waiting.length > 0) {
      draft.condition('Ready', {
        status: 'False',
        reason: 'PodNotExists',
        message: 'virt-launcher pod has not yet been scheduled',
        probed: true,
      })
      draft.condition('DataVolumesReady', { status: 'False', reason: 'NotAllDVsReady', message: "Not all of the VMI's DVs are ready" })
      draft.condition('Provisioning', { status: 'True' })
      draft.condition('Synchronized', undefined)
      draft.condition('PodScheduled', undefined)
      draft.write()
      return
    }
    const wanted = launcherPod(vmi, random.suffix())
    const refusal = quotaRefusal(context.storage, 'pods', wanted as unknown as KubeObject)
    if (refusal) {
      record(vmi, 'Warning', 'FailedCreate', `Error creating pod: ${refusal.message}`)
      draft.condition('Ready', {
        status: 'False',
        reason: 'PodNotExists',
        message: 'virt-launcher pod has not yet been scheduled',
        probed: true,
      })
      // Every try has another name in its message: the first one stays.
      if (conditionOf(vmi, 'Synchronized')?.reason !== 'FailedCreate') {
        const message = `failed to create virtual machine pod: ${refusal.message}`
        draft.condition('Synchronized', { status: 'False', reason: 'FailedCreate', message })
      }
      draft.write()
      reconcile.requeueAfter(delays.retryPod)
      return
    }
    const pod = objects.create('pods', wanted)
    record(vmi, 'Normal', 'SuccessfulCreate', `Created virtual machine pod ${pod.metadata.name}`)
    draft.phase('Scheduling')
    draft.status.activePods = { [pod.metadata.uid]: '' }
    draft.status.launcherContainerImageVersion = 'quay.io/kubevirt/virt-launcher:v1.6.6'
    draft.condition('Ready', { status: 'False', reason: 'GuestNotRunning', message: 'Guest VM is not reported as running', probed: true })
    if ((vmi.spec?.volumes ?? []).some((volume) => volume.dataVolume)) {
      draft.condition('DataVolumesReady', { status: 'True', reason: 'AllDVsReady', message: "All of the VMI's DVs are bound and ready" })
    }
    draft.condition('Provisioning', undefined)
    draft.condition('Synchronized', undefined)
    draft.condition('PodScheduled', undefined)
    draft.write()
  }

  /** Bound, and where a DataVolume fills it, filled. */
  function isClaimReady(claim: string): boolean {
    const [namespace, name] = splitKey(claim)
    const pvc = objects.get(pvcs, namespace, name)
    const dv = objects.get(dataVolumes, namespace, name)
    return pvc?.status?.phase === 'Bound' && (!dv || dv.status?.phase === 'Succeeded')
  }

  function followPod(vmi: VirtualMachineInstance): void {
    const pod = activePodOf(context, vmi)
    const draft = draftStatus(context, vmi)
    if (!pod) {
      endGuest(context, vmi, 'Failed', { reason: 'PodNotExists', message: 'virt-launcher pod has not yet been scheduled' })
      return
    }
    const node = pod.spec?.nodeName
    if (!node) {
      const scheduled = ((pod.status?.conditions ?? []) as Condition[]).find((condition) => condition.type === 'PodScheduled')
      if (scheduled?.status === 'False') {
        draft.condition('PodScheduled', { status: 'False', reason: scheduled.reason ?? '', message: scheduled.message ?? '' })
      }
      draft.write()
      return
    }
    draft.condition('PodScheduled', undefined)
    draft.status.activePods = { ...vmi.status?.activePods, [pod.metadata.uid]: node }
    draft.status.qosClass = 'Burstable' as never
    const waiting = ((pod.status?.containerStatuses ?? []) as { state?: { waiting?: { reason?: string } } }[]).find(
      (status) => status.state?.waiting,
    )
    if (waiting) {
      draft.condition('Synchronized', { status: 'False', reason: waiting.state?.waiting?.reason ?? '' })
      draft.write()
      return
    }
    if (pod.status?.phase !== 'Running') {
      draft.write()
      return
    }
    draft.phase('Scheduled')
    draft.status.nodeName = node
    draft.status.migrationTransport = 'Unix'
    draft.status.interfaces = (vmi.spec?.domain?.devices?.interfaces ?? []).map((nic) => ({ name: nic.name, podInterfaceName: 'eth0' }))
    draft.status.volumeStatus = volumeStatusOf(objects, vmi, false) as never
    draft.write({ 'kubevirt.io/nodeName': node })
  }

  function startDomain(vmi: VirtualMachineInstance, reconcile: ReconcileContext): void {
    if (!waits.passed(`domain ${vmi.metadata.uid}`, delays.startDomain, reconcile)) return
    const failure = vmi.metadata.annotations?.['simulation.virtdeck.io/start-failure']
    if (failure) {
      endGuest(context, vmi, 'Failed', { reason: 'SyncFailed', message: `server error. command SyncVMI failed: "${failure}"` })
      return
    }
    const pod = activePodOf(context, vmi)
    const draft = draftStatus(context, vmi)
    const migratability = migratabilityOf(objects, vmi)
    draft.phase('Running')
    draft.condition(
      'LiveMigratable',
      migratability.migratable ? { status: 'True' } : { status: 'False', reason: migratability.reason, message: migratability.message },
    )
    const storage = migratability.migratable || migratability.reason === 'DisksNotLiveMigratable'
    draft.condition(
      'StorageLiveMigratable',
      storage || migratability.migratable
        ? { status: 'True' }
        : { status: 'False', reason: migratability.reason, message: migratability.message },
    )
    if (vmi.spec?.startStrategy === 'Paused') {
      draft.condition('Paused', { status: 'True', reason: 'PausedByUser', message: 'VMI was paused by user' })
    }
    draft.status.interfaces = interfacesOf(vmi, pod?.status?.podIP ?? '', false) as never
    draft.status.volumeStatus = volumeStatusOf(objects, vmi, true) as never
    draft.status.machine = { type: 'pc-q35-rhel9.6.0' }
    draft.status.selinuxContext = 'none'
    const stored = draft.write()
    record(stored, 'Normal', 'Created', 'VirtualMachineInstance defined.', handler(stored))
    record(stored, 'Normal', 'Started', 'VirtualMachineInstance started.', handler(stored))
    booted.add(stored.metadata.uid)
    bootGuest(context, stored)
    if (pod && vmi.spec?.startStrategy === 'Paused') gatePod(context, pod, true)
  }

  function keepRunning(vmi: VirtualMachineInstance, reconcile: ReconcileContext): void {
    if (!booted.has(vmi.metadata.uid)) {
      // Seeded, or the simulator was restarted: the guest is there, it only has to be shown.
      booted.add(vmi.metadata.uid)
      bootGuest(context, vmi)
    }
    const pod = activePodOf(context, vmi)
    if (!pod) {
      endGuest(context, vmi, 'Failed', { reason: 'PodNotExists', message: 'virt-launcher pod does not exist' })
      return
    }
    if (pod.metadata.deletionTimestamp && !migrationRuns(vmi)) {
      if (waits.passed(`evicted ${vmi.metadata.uid}`, delays.shutdownGuest, reconcile)) endGuest(context, vmi, 'Succeeded')
      return
    }
    const draft = draftStatus(context, vmi)
    const ready = ((pod.status?.conditions ?? []) as Condition[]).find((condition) => condition.type === 'Ready')
    draft.condition(
      'Ready',
      ready?.status === 'True' ? { status: 'True' } : { status: 'False', reason: ready?.reason ?? 'GuestNotRunning' },
    )
    const { volumeStatus, problem } = syncHotplug(context, vmi, reconcile)
    if (volumeStatus) draft.status.volumeStatus = volumeStatus as never
    draft.condition('Synchronized', problem ? { status: 'False', reason: 'PVCNotReady', message: problem } : undefined)
    requireMigration(vmi, draft, reconcile)
    let current = draft.write()

    if (vmi.metadata.annotations?.['simulation.virtdeck.io/crash']) {
      if (waits.passed(`crash ${vmi.metadata.uid}`, delays.crashGuest, reconcile)) {
        endGuest(context, current, 'Failed', { reason: 'GuestCrashed', message: 'The VirtualMachineInstance crashed.' })
      }
      return
    }
    if (vmi.metadata.annotations?.['simulation.virtdeck.io/power-off']) {
      if (waits.passed(`power off ${vmi.metadata.uid}`, delays.crashGuest, reconcile)) endGuest(context, current, 'Succeeded')
      return
    }
    const os = isTrue(current, 'AgentConnected') ? undefined : guestOsOf(objects, current)
    if (os && hasAgent(current, os) && !isPaused(current) && waits.passed(`agent ${vmi.metadata.uid}`, delays.connectAgent, reconcile)) {
      const connected = draftStatus(context, current)
      connected.condition('AgentConnected', { status: 'True' })
      connected.status.guestOSInfo = guestOsInfo(os)
      const plugged = new Set((current.status?.interfaces ?? []).map((nic) => nic.name))
      connected.status.interfaces = interfacesOf(current, pod.status?.podIP ?? '', true).filter((nic) => plugged.has(nic.name)) as never
      current = connected.write()
      describeGuest(context, current)
    }
  }

  /**
   * What was asked of the VMI and comes with a new launcher only: sockets, memory, interfaces.
   * https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/vmi/lifecycle.go
   */
  function requireMigration(vmi: VirtualMachineInstance, draft: ReturnType<typeof draftStatus>, reconcile: ReconcileContext): void {
    const { cpu, memory } = vmi.spec.domain
    const { currentCPUTopology: topology } = vmi.status ?? {}
    const requested = (vmi.status?.memory as { guestRequested?: string } | undefined)?.guestRequested
    if (cpu?.maxSockets && topology && (cpu.sockets ?? 1) !== (topology.sockets ?? 1)) draft.condition('HotVCPUChange', { status: 'True' })
    if (memory?.maxGuest && requested && memory.guest !== requested && conditionOf(vmi, 'HotMemoryChange')?.status !== 'False') {
      draft.condition('HotMemoryChange', { status: 'True' })
    }
    syncNetwork(vmi, draft, reconcile)
  }

  /** Link states follow at once, absent interfaces leave the domain; the pod's networks change with the pod. */
  function syncNetwork(vmi: VirtualMachineInstance, draft: ReturnType<typeof draftStatus>, reconcile: ReconcileContext): void {
    const nics = vmi.spec.domain.devices?.interfaces ?? []
    const statuses = (vmi.status?.interfaces ?? []) as Nic[]
    const next = statuses.map((status) => followSpec(status, nics.find((nic) => nic.name === status.name)?.state))
    if (next.some((status, i) => status !== statuses[i])) draft.status.interfaces = next as never
    if (migrationRuns(vmi)) return
    const plugged = new Map(next.map((status) => [status.name, status]))
    const pending = (vmi.spec.networks ?? []).some(({ name, multus }) => {
      const absent = nics.find((nic) => nic.name === name)?.state === 'absent'
      const source = plugged.get(name)?.infoSource
      return multus && (absent ? source === 'multus-status' : source === undefined)
    })
    if (!pending) {
      waits.forget(`network ${vmi.metadata.uid}`)
      draft.condition('MigrationRequired', undefined)
    } else if (!isTrue(vmi, 'MigrationRequired')) {
      // Somebody else may plug it in, without a migration.
      const graceOver = waits.passed(`network ${vmi.metadata.uid}`, delays.awaitNetworkController, reconcile)
      draft.condition(
        'MigrationRequired',
        graceOver ? { status: 'True', reason: 'AutoMigrationDueToLiveUpdate' } : { status: 'False', reason: 'AutoMigrationPending' },
      )
    }
  }

  const migrationRuns = (vmi: VirtualMachineInstance) =>
    Boolean(vmi.status?.migrationState?.startTimestamp && !vmi.status.migrationState.completed)

  function stop(vmi: VirtualMachineInstance, reconcile: ReconcileContext): void {
    const { phase } = vmi.status ?? {}
    for (const pod of indexes.podsOfVmi(vmi.metadata.uid)) deletePod(context, vmi, pod)
    if (phase !== 'Running' && phase !== 'Scheduled') {
      endGuest(context, vmi, 'Succeeded')
      return
    }
    const draft = draftStatus(context, vmi)
    draft.condition('Ready', { status: 'False', reason: 'PodTerminating', message: 'virt-launcher pod is terminating', probed: true })
    const stored = draft.write()
    const graceMs = (vmi.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000
    const deaf = isPaused(vmi) || vmi.metadata.annotations?.['simulation.virtdeck.io/shutdown'] === 'ignored'
    if (waits.passed(`shutdown ${vmi.metadata.uid}`, Math.min(graceMs, deaf ? graceMs : delays.shutdownGuest), reconcile)) {
      endGuest(context, stored, 'Succeeded')
    }
  }

  // Somebody shut the guest down from inside: the VMI is over. A restart from inside it never notices.
  guests.onPower((uid, action) => {
    const vmi = action === 'poweroff' ? indexes.vmiByUid(uid)[0] : undefined
    if (vmi && !isFinal(vmi)) clock.after(0, () => powerOff(uid))
  })
  function powerOff(uid: string): void {
    const vmi = indexes.vmiByUid(uid)[0]
    if (vmi && !isFinal(vmi)) endGuest(context, vmi, 'Succeeded')
  }

  return {
    name: 'vmis',
    keysOf({ resource, type, object }) {
      if (resource.plural === 'virtualmachineinstances' && resource.group === 'kubevirt.io') {
        if (type === 'DELETED') {
          guests.shutdown(object.metadata.uid)
          booted.delete(object.metadata.uid)
        }
        return [keyOf(object)]
      }
      // Room in a quota is news for those that wait for it.
      if (resource.plural === 'resourcequotas') return indexes.pendingVmis(object.metadata.namespace ?? '').map(keyOf)
      if (resource.plural === 'pods') {
        const owner = controllerOf(object)
        const waiting = type === 'DELETED' ? indexes.pendingVmis(object.metadata.namespace ?? '').map(keyOf) : []
        return owner?.kind === 'VirtualMachineInstance' ? [`${object.metadata.namespace}/${owner.name}`, ...waiting] : waiting
      }
      if (resource.plural === 'persistentvolumeclaims' || resource.plural === 'datavolumes')
        return indexes.vmisByClaim(keyOf(object)).map(keyOf)
      return []
    },
    reconcile(key, reconcile) {
      const vmi = objects.get(vmis, ...splitKey(key))
      if (!vmi) return
      if (isFinal(vmi)) {
        if (vmi.metadata.deletionTimestamp) {
          objects.removeFinalizers(vmis, vmi, ['kubevirt.io/virtualMachineControllerFinalize', 'foregroundDeleteVirtualMachine'])
        }
        return
      }
      if (vmi.metadata.deletionTimestamp) {
        stop(vmi, reconcile)
        return
      }
      switch (vmi.status?.phase) {
        case undefined:
        case 'Pending':
          launch(vmi, reconcile)
          break
        case 'Scheduling':
          followPod(vmi)
          break
        case 'Scheduled':
          startDomain(vmi, reconcile)
          break
        default:
          keepRunning(vmi, reconcile)
      }
    },
  }
}
