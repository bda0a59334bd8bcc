// VirtualMachines: run strategy, DataVolumes, the VMI, and status.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vm/vm.go
import type { Condition, KubeObject, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { ApiError } from '../api/status.ts'
import { timestamp } from '../clock.ts'
import { quotaRefusal } from '../quota/quotas.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays, startBackoffMs } from './delays.ts'
import { findInstancetype, findPreference, pinnedRefs } from './instancetypes.ts'
import { followGeneration, forgetDetached, updateLive } from './live-update.ts'
import {
  conditionsOf,
  controllerOf,
  controllerRef,
  dataVolumes,
  keyOf,
  pvcs,
  splitKey,
  vmis,
  vms,
  withCondition,
  type New,
} from './objects.ts'
import { printableStatusOf } from './printable-status.ts'
import { syncMemoryDump, withoutCompletedDump } from './memory-dump.ts'
import { decide, hasStopRequestFor, requestsOf, runStrategyOf } from './run-strategy.ts'
import { snapshotStatusesOf } from './volume-snapshot-status.ts'
import { vmiSpecOf } from './vmi-spec.ts'
import { initialStatus, observedVersions } from './vmi-status.ts'
import { isFinal } from './vmis.ts'
import { claimNameOf } from './volumes.ts'

const finalizer = 'kubevirt.io/virtualMachineControllerFinalize'

type Status = NonNullable<VirtualMachine['status']>
type StartFailure = { consecutiveFailCount: number; lastFailedVMIUID?: string; retryAfterTimestamp?: string }
type Failure = { reason: string; message: string }

/** Conditions that a VM has for itself; all others are its VMI's. */
const own = new Set(['Ready', 'Failure', 'RestartRequired', 'Initialized', 'ManualRecoveryRequired'])

/** A VMI that ended before it ever ran. */
const failedEarly = (vmi: VirtualMachineInstance) =>
  vmi.status?.phase === 'Failed' && !vmi.status.phaseTransitionTimestamps?.some((transition) => transition.phase === 'Running')

export function vmController(context: ControllerContext): Controller {
  const { objects, indexes, clock, record } = context

  function claimNames(vm: VirtualMachine): string[] {
    return (vm.spec.template?.spec?.volumes ?? []).flatMap((volume) => claimNameOf(volume as never) ?? [])
  }

  /** Creates the DataVolumes of the templates that have neither DataVolume nor claim yet. */
  function ensureDataVolumes(vm: VirtualMachine): void {
    const { namespace } = vm.metadata
    for (const template of vm.spec.dataVolumeTemplates ?? []) {
      const name = template.metadata?.name ?? ''
      if (objects.get(dataVolumes, namespace, name) || objects.get(pvcs, namespace, name)) continue
      const source = template.metadata as { annotations?: Record<string, string>; labels?: Record<string, string> }
      const dv = objects.create(dataVolumes, {
        metadata: {
          name,
          ...(namespace ? { namespace } : {}),
          generation: 1,
          annotations: { ...source.annotations, 'cdi.kubevirt.io/allowClaimAdoption': 'true' },
          labels: { ...source.labels, 'kubevirt.io/created-by': vm.metadata.uid },
          ownerReferences: [controllerRef(vms, vm)],
        },
        spec: template.spec as never,
      })
      record(vm, 'Normal', 'SuccessfulDataVolumeCreate', `Created DataVolume ${dv.metadata.name}`)
    }
  }

  function mayStart(vm: VirtualMachine): boolean {
    if (vm.status?.restoreInProgress) return false
    const claims = claimNames(vm)
    return claims.every((name) => {
      const dv = objects.get(dataVolumes, vm.metadata.namespace, name)
      const phase = dv?.status?.phase
      const templated = vm.spec.dataVolumeTemplates?.some((template) => template.metadata?.name === name)
      if (!dv) return !templated || objects.get(pvcs, vm.metadata.namespace, name) !== undefined
      return phase === 'Succeeded' || phase === 'WaitForFirstConsumer' || phase === 'PendingPopulation'
    })
  }

  /** Creates the VMI, or says why it may not be created. */
  function start(vm: VirtualMachine): Failure | undefined {
    const { name, namespace, generation = 1 } = vm.metadata
    const template = vm.spec.template
    const paused = requestsOf(vm).some((request) => request.action === 'Start' && request.data?.['paused'] === 'true')
    const spec = withoutCompletedDump(vmiSpecOf(objects, vm), vm)
    const preference = findPreference(objects, vm)
    const annotations = (template?.metadata as { annotations?: Record<string, string> } | undefined)?.annotations
    const revision = `revision-start-vm-${vm.metadata.uid}-${generation}`
    if (!objects.get('controllerrevisions.apps', namespace, revision)) {
      objects.create('controllerrevisions.apps', {
        metadata: { name: revision, ...(namespace ? { namespace } : {}), ownerReferences: [controllerRef(vms, vm)] },
        data: { spec: vm.spec },
        revision: generation,
      })
    }
    const vmi: New<VirtualMachineInstance> = {
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        annotations: {
          ...preference?.spec.annotations,
          ...annotations,
          ...(vm.spec.instancetype?.name ? { 'kubevirt.io/cluster-instancetype-name': vm.spec.instancetype.name } : {}),
          ...(vm.spec.preference?.name ? { 'kubevirt.io/cluster-preference-name': vm.spec.preference.name } : {}),
          'kubevirt.io/pci-topology-version': 'v3',
          'kubevirt.io/vm-generation': String(generation),
          ...observedVersions,
        },
        labels: { ...(template?.metadata as { labels?: Record<string, string> } | undefined)?.labels },
        finalizers: [finalizer, 'foregroundDeleteVirtualMachine'],
        generation: 1,
        ownerReferences: [controllerRef(vms, vm)],
      },
      spec: paused ? { ...spec, startStrategy: 'Paused' } : spec,
      status: { ...initialStatus(spec, timestamp(clock)), virtualMachineRevisionName: revision } as never,
    }
    const refusal = quotaRefusal(context.storage, vmis, vmi as unknown as KubeObject)
    if (refusal) {
      record(vm, 'Warning', 'FailedCreate', `Error creating virtual machine instance: ${refusal.message}`)
      return { reason: 'FailedCreate', message: `Failure while starting VMI: ${refusal.message}` }
    }
    objects.create(vmis, vmi)
    record(vm, 'Normal', 'SuccessfulCreate', `Started the virtual machine by creating the new virtual machine instance ${name}`)
    return undefined
  }

  function stop(vm: VirtualMachine, vmi: VirtualMachineInstance): void {
    if (vmi.metadata.deletionTimestamp) return
    objects.remove(vmis, vmi)
    record(vm, 'Normal', 'SuccessfulDelete', `Stopped the virtual machine by deleting the virtual machine instance ${vmi.metadata.uid}`)
  }

  function readyCondition(vmi: VirtualMachineInstance | undefined): {
    status: 'True' | 'False'
    reason?: string
    message?: string
    probed?: boolean
  } {
    if (!vmi) return { status: 'False', reason: 'VMINotExists', message: 'VMI does not exist', probed: true }
    const ready = conditionsOf(vmi).find((condition) => condition.type === 'Ready')
    if (!ready) return { status: 'False', reason: 'VMIConditionMissing', message: 'VMI is missing the Ready condition', probed: true }
    return {
      status: ready.status as 'True' | 'False',
      ...(ready.reason === undefined ? {} : { reason: ready.reason }),
      ...(ready.message === undefined ? {} : { message: ready.message }),
    }
  }

  function syncConditions(
    vm: VirtualMachine,
    vmi: VirtualMachineInstance | undefined,
    failure: Failure | undefined,
    restart: string | undefined,
  ): Condition[] {
    const now = timestamp(clock)
    let conditions = conditionsOf(vm)
    const ready = conditionsOf(vmi).find((condition) => condition.type === 'Ready')
    conditions = withCondition(conditions, 'Ready', readyCondition(vmi), now)
    // Copied conditions carry the VMI's own times.
    if (ready) conditions = conditions.map((condition) => (condition.type === 'Ready' ? ready : condition))
    if (vmi) {
      const copies = conditionsOf(vmi).filter((condition) => !own.has(condition.type))
      const kept = conditions.filter((condition) => own.has(condition.type))
      conditions = [...kept, ...copies]
    }
    conditions = withCondition(conditions, 'Failure', failure ? { status: 'True', ...failure } : undefined, now)
    return withCondition(conditions, 'RestartRequired', restart ? { status: 'True', message: restart } : undefined, now)
  }

  function startFailureOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): StartFailure | undefined {
    const previous = vm.status?.startFailure as StartFailure | undefined
    const strategy = runStrategyOf(vm)
    if (strategy === 'Halted' || strategy === 'Manual') return undefined
    if (vmi?.status?.phase === 'Running') return undefined
    if (!vmi || !failedEarly(vmi) || previous?.lastFailedVMIUID === vmi.metadata.uid) return previous
    const consecutiveFailCount = (previous?.consecutiveFailCount ?? 0) + 1
    const retryMs = clock.now() + startBackoffMs(consecutiveFailCount)
    return {
      consecutiveFailCount,
      lastFailedVMIUID: vmi.metadata.uid,
      retryAfterTimestamp: new Date(retryMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    }
  }

  /** What of a changed template reaches the VMI that runs. */
  function catchUp(vm: VirtualMachine, vmi: VirtualMachineInstance): { restart?: string; failure?: Failure } {
    return updateLive(context, vm, followGeneration(context, vm, vmi))
  }

  /** Go leaves out the list where a VM has no volumes. */
  function snapshotStatuses(vm: VirtualMachine): Pick<Status, 'volumeSnapshotStatuses'> {
    const statuses = snapshotStatusesOf(objects, vm)
    return statuses.length > 0 ? { volumeSnapshotStatuses: statuses as never } : {}
  }

  /** `failure` keeps the VM from being synchronized at all; what of it failed alone comes with `update`. */
  function syncStatus(
    vm: VirtualMachine,
    failure: Failure | undefined,
    update: { restart?: string; failure?: Failure } = {},
  ): VirtualMachine {
    const vmi = objects.get(vmis, vm.metadata.namespace, vm.metadata.name)
    const owned = vmi && controllerOf(vmi)?.uid === vm.metadata.uid ? vmi : undefined
    const running = owned?.status?.phase === 'Running'
    const ready = running && conditionsOf(owned).some((condition) => condition.type === 'Ready' && condition.status === 'True')
    const generation = vm.metadata.generation ?? 1
    const startFailure = startFailureOf(vm, owned)
    const requests = remainingRequests(vm, owned)
    const claims = claimNames(vm).flatMap((name) => objects.get(pvcs, vm.metadata.namespace, name) ?? [])
    const dvs = claimNames(vm).flatMap((name) => objects.get(dataVolumes, vm.metadata.namespace, name) ?? [])
    const {
      conditions: _,
      instancetypeRef: __,
      preferenceRef: ___,
      stateChangeRequests: ____,
      startFailure: _____,
      ready: ______,
      created: _______,
      ...rest
    } = vm.status ?? {}
    const started = vm.status?.runStrategy !== undefined || owned !== undefined
    const status: Status = {
      ...rest,
      conditions: syncConditions(vm, owned, failure ?? update.failure, update.restart) as never,
      ...(owned ? { created: true } : {}),
      ...(started && !failure ? { desiredGeneration: generation } : {}),
      ...(failure ? {} : (pinnedRefs(objects, vm) as Pick<Status, 'instancetypeRef' | 'preferenceRef'>)),
      ...(owned ? { observedGeneration: Number(owned.metadata.annotations?.['kubevirt.io/vm-generation'] ?? generation) } : {}),
      ...(ready ? { ready: true } : {}),
      ...(startFailure ? { startFailure: startFailure as never } : {}),
      ...(requests.length > 0 ? { stateChangeRequests: requests as never } : {}),
      ...snapshotStatuses(vm),
    }
    const next = { ...vm, status }
    status.printableStatus = printableStatusOf({
      vm: next,
      vmi: owned,
      dataVolumes: dvs,
      unbound: claims.filter((pvc) => pvc.status?.phase === 'Pending' && bindsLate(pvc.spec?.storageClassName)),
      nowMs: clock.now(),
    })
    if (!failure && (started || owned || runStrategyOf(vm) !== 'Halted')) status.runStrategy = runStrategyOf(vm)
    return objects.setStatus(vms, vm, sorted(status))
  }

  const bindsLate = (storageClassName: string | undefined) =>
    objects.get('storageclasses.storage.k8s.io', undefined, storageClassName)?.volumeBindingMode === 'WaitForFirstConsumer'

  /** A stop request is done when its VMI is gone, a start request when there is one. */
  function remainingRequests(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined) {
    return requestsOf(vm).filter((request, i, all) => {
      if (request.action === 'Stop') return vmi !== undefined && vmi.metadata.uid === request.uid
      const ending = vmi !== undefined && (isFinal(vmi) || vmi.metadata.deletionTimestamp !== undefined)
      return vmi === undefined || ending || all[i - 1]?.action === 'Stop'
    })
  }

  return {
    name: 'vms',
    keysOf({ resource, object }) {
      switch (resource.plural) {
        case 'virtualmachines':
          return [keyOf(object)]
        case 'virtualmachineinstances':
          return controllerOf(object) ? [keyOf(object)] : []
        case 'datavolumes':
        case 'persistentvolumeclaims':
          return indexes.vmsByClaim(keyOf(object)).map(keyOf)
        default:
          return []
      }
    },
    reconcile(key, reconcile) {
      let vm = objects.get(vms, ...splitKey(key))
      if (!vm) return
      const vmi = objects.get(vmis, vm.metadata.namespace, vm.metadata.name)
      if (vm.metadata.deletionTimestamp) {
        if (vmi && controllerOf(vmi)?.uid === vm.metadata.uid) {
          objects.remove(vmis, vmi)
          syncStatus(vm, undefined)
        } else if (vm.metadata.finalizers?.includes(finalizer)) {
          objects.removeFinalizers(vms, vm, [finalizer])
        }
        return
      }
      if (!vm.metadata.finalizers?.includes(finalizer)) {
        // The first sight of a new VM: status, then annotations and finalizer, each its own write as in KubeVirt.
        vm = objects.setStatus(vms, vm, { printableStatus: 'Stopped', ...snapshotStatuses(vm) })
        vm = objects.setMetadata(vms, vm, {
          annotations: { ...vm.metadata.annotations, ...observedVersions },
          finalizers: [...(vm.metadata.finalizers ?? []), finalizer],
        })
      }
      let failure: Failure | undefined
      try {
        findInstancetype(objects, vm)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        failure = { reason: 'FailedFindInstancetype', message: error.message }
      }
      try {
        if (!failure) findPreference(objects, vm)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        failure = { reason: 'FailedFindPreference', message: error.message }
      }
      if (failure) {
        syncStatus(vm, failure)
        return
      }
      ensureDataVolumes(vm)
      if (vmi && controllerOf(vmi)?.uid !== vm.metadata.uid) {
        syncStatus(vm, {
          reason: 'FailedCreate',
          message: `VirtualMachineInstance ${key} exists and is not controlled by this VirtualMachine`,
        })
        return
      }
      // A failed start is counted before its VMI is taken away.
      if (vmi && failedEarly(vmi)) vm = syncStatus(vm, undefined)
      const decision = decide(vm, vmi)
      switch (decision.do) {
        case 'start': {
          const retryMs = Date.parse((vm.status?.startFailure as StartFailure | undefined)?.retryAfterTimestamp ?? '') - clock.now()
          if (retryMs > 0) reconcile.requeueAfter(retryMs)
          else if (mayStart(vm)) failure = start(vm)
          if (failure) reconcile.requeueAfter(delays.retryPod)
          break
        }
        case 'stop':
          if (vmi) stop(vm, vmi)
          if (decision.thenStart && vmi && !hasStopRequestFor(vm, vmi) && !requestsOf(vm).some((request) => request.action === 'Start')) {
            vm = objects.setStatus(vms, vm, { ...vm.status, stateChangeRequests: [{ action: 'Start' }] })
          }
          break
        case 'unhalt':
          vm = objects.setSpec(vms, vm, { ...vm.spec, running: undefined, runStrategy: 'Always' })
          reconcile.requeueAfter(0)
          break
        case 'nothing':
          break
      }
      vm = syncMemoryDump(context, vm, objects.get(vmis, ...splitKey(key)))
      const current = objects.get(vmis, ...splitKey(key))
      const update = current && !isFinal(current) && !current.metadata.deletionTimestamp ? catchUp(vm, current) : {}
      syncStatus(forgetDetached(context, vm, current), undefined, failure ? { failure } : update)
    },
  }
}

/** Fields in the order of their names, as Go writes maps: equal statuses are equal texts. */
function sorted<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) as T
}
