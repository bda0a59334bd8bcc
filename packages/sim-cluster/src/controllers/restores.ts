// VirtualMachineRestores: new claims from the snapshot's volumes, then the VM's spec, then the old disks go.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/storage/snapshot/restore.go
import jsonPatch, { type Operation } from 'fast-json-patch'
import type { KubeObject, VirtualMachine, VirtualMachineRestore, VirtualMachineSnapshotContent } from '@virtdeck/k8s'
import { defaultVm } from '../admission/vm-defaults.ts'
import { timestamp } from '../clock.ts'
import { protection } from './claims.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import {
  conditionOf,
  conditionsOf,
  controllerRef,
  dataVolumes,
  keyOf,
  pvcs,
  restores,
  snapshotContents,
  snapshots,
  splitKey,
  vmis,
  vms,
  volumeSnapshots,
  withCondition,
} from './objects.ts'
import { progress } from './snapshots.ts'

const finalizer = 'snapshot.kubevirt.io/vmrestore-protection'
const gracePeriodMs = 300_000
const lastRestore = 'restore.kubevirt.io/lastRestoreUID'

type VolumeRestore = { dataVolumeName?: string; persistentVolumeClaim: string; volumeName: string; volumeSnapshotName: string }
type Backup = NonNullable<NonNullable<VirtualMachineSnapshotContent['spec']>['volumeBackups']>[number]

export function restoreController(context: ControllerContext): Controller {
  const { objects, indexes, clock, waits, disks, record, random } = context

  function setStatus(
    restore: VirtualMachineRestore,
    change: object,
    progressing: ['True' | 'False', string],
    ready: ['True' | 'False', string],
  ) {
    const conditions = progress(conditionsOf(restore as never), timestamp(clock), progressing, ready)
    return objects.setStatus(restores, restore, { ...restore.status, ...change, conditions })
  }

  function fail(restore: VirtualMachineRestore, why: string): void {
    const failed = withCondition(conditionsOf(restore as never), 'Failure', { status: 'True', reason: why }, timestamp(clock))
    const stored = objects.setStatus(restores, restore, { ...restore.status, conditions: failed })
    setStatus(stored, {}, ['False', 'Operation failed'], ['False', 'Operation failed'])
  }

  function error(restore: VirtualMachineRestore, why: string): void {
    record(restore, 'Warning', 'VirtualMachineRestoreError', `VirtualMachineRestore encountered error ${why}`, {
      component: 'restore-controller',
    })
    setStatus(restore, {}, ['False', why], ['False', why])
  }

  const restoreId = (restore: VirtualMachineRestore) => `${restore.metadata.name}-${restore.metadata.uid}`

  function volumeName(restore: VirtualMachineRestore, backup: Backup): string {
    const override = (restore.spec?.volumeRestoreOverrides ?? []).find((candidate) => candidate.volumeName === backup.volumeName)
    return override?.restoreName || `restore-${restore.metadata.uid}-${backup.volumeName}`
  }

  /** The claim of one volume, filled from its VolumeSnapshot. */
  function createClaim(
    restore: VirtualMachineRestore,
    backup: Backup,
    target: VirtualMachine | undefined,
    source: { name?: string; namespace?: string },
  ): void {
    const name = volumeName(restore, backup)
    const { namespace } = restore.metadata
    if (objects.get(pvcs, namespace, name)) return
    const original = backup.persistentVolumeClaim as
      | { metadata?: { labels?: Record<string, string> }; spec?: Record<string, unknown> }
      | undefined
    const { volumeName: _, dataSource: __, dataSourceRef: ___, ...spec } = original?.spec ?? {}
    const from = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: backup.volumeSnapshotName ?? '' }
    const claim = objects.create(pvcs, {
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        labels: {
          ...original?.metadata?.labels,
          ...(source.name ? { 'restore.kubevirt.io/source-vm-name': source.name } : {}),
          ...(source.namespace ? { 'restore.kubevirt.io/source-vm-namespace': source.namespace } : {}),
        },
        annotations: {
          'cdi.kubevirt.io/storage.contentType': 'kubevirt',
          [lastRestore]: restoreId(restore),
          'restore.kubevirt.io/name': restore.metadata.name,
        },
        ...(target ? { ownerReferences: [controllerRef(vms, target)] } : {}),
        finalizers: [protection],
      },
      spec: { ...spec, dataSource: from, dataSourceRef: from } as never,
      status: { phase: 'Pending' } as never,
    })
    const taken = objects.get(volumeSnapshots, namespace, backup.volumeSnapshotName)
    if (taken) disks.copy(taken.metadata.uid, claim.metadata.uid)
  }

  /** The snapshot's VM with its volumes on the new claims. */
  function restoredSpec(restore: VirtualMachineRestore, content: VirtualMachineSnapshotContent, target: VirtualMachine | undefined) {
    const snapshotted = content.spec?.source?.virtualMachine?.spec as VirtualMachine['spec']
    const byVolume = new Map<string, string>(
      (content.spec?.volumeBackups ?? []).map((backup) => [backup.volumeName, volumeName(restore, backup)]),
    )
    const renamed = new Map<string, string>()
    const volumes = (snapshotted.template.spec?.volumes ?? []).map((volume) => {
      const name = byVolume.get(volume.name)
      if (!name) return volume
      if (volume.dataVolume) {
        renamed.set(volume.dataVolume.name, name)
        return { ...volume, dataVolume: { ...volume.dataVolume, name } }
      }
      return { ...volume, persistentVolumeClaim: { ...volume.persistentVolumeClaim, claimName: name } }
    })
    const dataVolumeTemplates = snapshotted.dataVolumeTemplates?.map((template) => ({
      ...template,
      metadata: { ...(template.metadata as object), name: renamed.get(template.metadata?.name ?? '') ?? template.metadata?.name },
    }))
    const { running: _, ...rest } = snapshotted
    const runStrategy = target ? (target.spec.runStrategy ?? (target.spec.running ? 'Always' : 'Halted')) : 'Halted'
    return {
      spec: {
        ...rest,
        runStrategy,
        ...(dataVolumeTemplates ? { dataVolumeTemplates } : {}),
        template: { ...rest.template, spec: { ...rest.template.spec, volumes } },
      } as VirtualMachine['spec'],
      renamed,
    }
  }

  /** DataVolumes that own the restored claims, complete from the start. */
  function createDataVolumes(restore: VirtualMachineRestore, content: VirtualMachineSnapshotContent, renamed: Map<string, string>): void {
    const { namespace } = restore.metadata
    const snapshotted = content.spec?.source?.virtualMachine?.spec as VirtualMachine['spec']
    for (const [from, name] of renamed) {
      const template = snapshotted.dataVolumeTemplates?.find((candidate) => candidate.metadata?.name === from)
      if (!template || objects.get(dataVolumes, namespace, name)) continue
      const dv = objects.create(dataVolumes, {
        metadata: {
          name,
          ...(namespace ? { namespace } : {}),
          annotations: {
            'cdi.kubevirt.io/allowClaimAdoption': 'true',
            'cdi.kubevirt.io/storage.prePopulated': name,
            'restore.kubevirt.io/name': restore.metadata.name,
          },
        },
        spec: template.spec as never,
      })
      const claim = objects.get(pvcs, namespace, name)
      if (claim) {
        objects.setMetadata(pvcs, claim, {
          annotations: { ...claim.metadata.annotations, 'cdi.kubevirt.io/storage.populatedFor': name },
          ownerReferences: [controllerRef(dataVolumes, dv)],
        })
      }
    }
  }

  function createTarget(
    restore: VirtualMachineRestore,
    content: VirtualMachineSnapshotContent,
    spec: VirtualMachine['spec'],
    operations: Operation[],
  ): VirtualMachine {
    const original = content.spec?.source?.virtualMachine?.metadata as
      | { labels?: Record<string, string>; annotations?: Record<string, string> }
      | undefined
    const draft = {
      metadata: {
        name: restore.spec?.target?.name ?? '',
        ...(restore.metadata.namespace ? { namespace: restore.metadata.namespace } : {}),
        ...(original?.labels ? { labels: original.labels } : {}),
        annotations: { [lastRestore]: restoreId(restore) },
      },
      spec,
    }
    const patched = operations.reduce(applyPatch, draft as unknown as KubeObject) as unknown as VirtualMachine
    const complete = defaultVm(objects, patched, random.uuid)
    return objects.create(vms, complete as never)
  }

  /** The VM gets its spec back and owns its new disks; the replaced ones are left behind. */
  function updateTarget(
    restore: VirtualMachineRestore,
    content: VirtualMachineSnapshotContent,
    target: VirtualMachine | undefined,
    operations: Operation[],
  ): void {
    const { spec, renamed } = restoredSpec(restore, content, target)
    createDataVolumes(restore, content, renamed)
    let vm: VirtualMachine
    if (target) {
      vm = objects.setMetadata(vms, target, { annotations: { ...target.metadata.annotations, [lastRestore]: restoreId(restore) } })
      vm = objects.setSpec(vms, vm, spec)
    } else {
      vm = createTarget(restore, content, spec, operations)
    }
    for (const name of renamed.values()) {
      const dv = objects.get(dataVolumes, vm.metadata.namespace, name)
      if (dv && !dv.metadata.ownerReferences?.length) objects.setMetadata(dataVolumes, dv, { ownerReferences: [controllerRef(vms, vm)] })
    }
  }

  function deleteReplaced(restore: VirtualMachineRestore, previous: string[]): string[] {
    const { namespace } = restore.metadata
    const deleted: string[] = []
    for (const name of previous) {
      const dv = objects.get(dataVolumes, namespace, name)
      if (!dv) continue
      const claim = objects.get(pvcs, namespace, name)
      objects.remove(dataVolumes, dv)
      if (claim) objects.remove(pvcs, claim)
      deleted.push(name)
    }
    return deleted
  }

  function release(restore: VirtualMachineRestore): void {
    const vm = objects.get(vms, restore.metadata.namespace, restore.spec?.target?.name)
    if (vm?.status?.restoreInProgress !== restore.metadata.name) return
    const { restoreInProgress: _, ...status } = vm.status
    objects.setStatus(vms, vm, status)
  }

  function notReady(restore: VirtualMachineRestore, target: VirtualMachine, reconcile: { requeueAfter(delayMs: number): void }): void {
    const waiting = 'Waiting for target to be ready'
    if (conditionOf(restore as never, 'Ready')?.reason !== waiting) {
      record(restore, 'Normal', 'RestoreTargetNotReady', 'Restore target VMI still exists', { component: 'restore-controller' })
    }
    const policy = restore.spec?.targetReadinessPolicy ?? 'WaitGracePeriodAndFail'
    if (policy === 'FailImmediate') {
      fail(restore, 'Restore target not ready')
      return
    }
    const leftMs = Date.parse(restore.metadata.creationTimestamp) + gracePeriodMs - clock.now()
    if (policy === 'WaitGracePeriodAndFail' && leftMs <= 0) {
      fail(restore, 'Restore target failed to be ready within 5m0s')
      return
    }
    if (policy === 'StopTarget') {
      const strategy = target.spec.runStrategy ?? (target.spec.running ? 'Always' : 'Halted')
      if (strategy !== 'Halted') {
        const { running: _, ...spec } = target.spec
        objects.setSpec(vms, target, { ...spec, runStrategy: 'Halted' })
      }
    }
    setStatus(restore, {}, ['False', waiting], ['False', waiting])
    if (policy === 'WaitGracePeriodAndFail') reconcile.requeueAfter(leftMs)
  }

  return {
    name: 'restores',
    keysOf({ resource, object, type }) {
      const open = (found: VirtualMachineRestore[]) => found.filter((restore) => !restore.status?.complete).map(keyOf)
      switch (resource.plural) {
        case 'virtualmachinerestores':
          return [keyOf(object)]
        case 'virtualmachineinstances':
          return type === 'DELETED' ? open(indexes.restoresOfVm(keyOf(object))) : []
        case 'virtualmachinesnapshots':
          return open(indexes.restoresOfSnapshot(keyOf(object)))
        default:
          return []
      }
    },
    reconcile(key, reconcile) {
      let restore = objects.get(restores, ...splitKey(key))
      if (!restore) return
      if (restore.metadata.deletionTimestamp) {
        if (!restore.metadata.finalizers?.includes(finalizer)) return
        release(restore)
        restore = setStatus(restore, {}, ['False', 'VM restore is deleting'], ['False', 'VM restore is deleting'])
        objects.removeFinalizers(restores, restore, [finalizer])
        return
      }
      if (restore.status?.complete || conditionsOf(restore as never).some((condition) => condition.type === 'Failure')) return
      if (!restore.status) {
        restore = setStatus(
          restore,
          { complete: false },
          ['True', 'Initializing VirtualMachineRestore'],
          ['False', 'Initializing VirtualMachineRestore'],
        )
      }
      const { namespace } = restore.metadata
      const target = objects.get(vms, namespace, restore.spec?.target?.name)
      if (!restore.metadata.finalizers?.includes(finalizer)) {
        restore = objects.setMetadata(restores, restore, {
          finalizers: [...(restore.metadata.finalizers ?? []), finalizer],
          ...(target && !restore.metadata.ownerReferences ? { ownerReferences: [controllerRef(vms, target)] } : {}),
        })
      }
      if (target && objects.get(vmis, namespace, target.metadata.name)) {
        notReady(restore, target, reconcile)
        return
      }
      const snapshot = objects.get(snapshots, namespace, restore.spec?.virtualMachineSnapshotName)
      if (!snapshot) {
        error(restore, `VMSnapshot ${namespace}/${restore.spec?.virtualMachineSnapshotName} does not exist`)
        return
      }
      if (snapshot.status?.phase === 'Failed') {
        error(restore, `VMSnapshot ${namespace}/${snapshot.metadata.name} failed and is invalid to use`)
        return
      }
      if (!snapshot.status?.readyToUse) {
        error(restore, `VMSnapshot ${namespace}/${snapshot.metadata.name} not ready`)
        return
      }
      const content = objects.get(snapshotContents, namespace, snapshot.status.virtualMachineSnapshotContentName)
      if (!content) {
        error(restore, `VMSnapshotContent ${snapshot.status.virtualMachineSnapshotContentName ?? ''} does not exist`)
        return
      }
      const restored = target?.metadata.annotations?.[lastRestore] === restoreId(restore)
      if (target && !restored && target.metadata.uid !== snapshot.status.sourceUID) {
        error(restore, 'restore source and restore target are different but restore target already exists')
        return
      }
      if (target && !target.status?.restoreInProgress)
        objects.setStatus(vms, target, { ...target.status, restoreInProgress: restore.metadata.name })
      const backups = content.spec?.volumeBackups ?? []
      if (!restore.status?.restores) {
        const source = content.spec?.source?.virtualMachine?.metadata as { name?: string; namespace?: string } | undefined
        for (const backup of backups) createClaim(restore, backup, target, source ?? {})
        const made: VolumeRestore[] = backups.map((backup) => ({
          persistentVolumeClaim: volumeName(restore as VirtualMachineRestore, backup),
          volumeName: backup.volumeName,
          volumeSnapshotName: backup.volumeSnapshotName ?? '',
        }))
        restore = setStatus(restore, { restores: made }, ['True', 'Creating new PVCs'], ['False', 'Waiting for new PVCs'])
      }
      if (!waits.passed(`restore ${restore.metadata.uid}`, backups.length > 0 ? delays.restoreVolume : 0, reconcile)) return

      const before = objects.get(vms, namespace, restore.spec?.target?.name)
      const replaced = (before?.spec.template?.spec?.volumes ?? []).flatMap((volume) =>
        backups.some((backup) => backup.volumeName === volume.name) ? (volume.dataVolume?.name ?? []) : [],
      )
      const patches = restore.spec?.patches ?? []
      const operations = operationsOf(patches)
      if (!operations && !before) {
        error(restore, `error patching VM ${restore.spec?.target?.name}: cannot decode vm patches ${arrayOf(patches)}`)
        return
      }
      updateTarget(restore, content, before, operations ?? [])
      const snapshotted = content.spec?.source?.virtualMachine?.spec as VirtualMachine['spec'] | undefined
      const templated = (backup: Backup) =>
        snapshotted?.template.spec?.volumes?.some((volume) => volume.name === backup.volumeName && volume.dataVolume)
      restore = setStatus(
        restore,
        {
          restores: backups.map((backup) => {
            const name = volumeName(restore as VirtualMachineRestore, backup)
            return {
              ...(templated(backup) ? { dataVolumeName: name } : {}),
              persistentVolumeClaim: name,
              volumeName: backup.volumeName,
              volumeSnapshotName: backup.volumeSnapshotName ?? '',
            }
          }),
        },
        ['True', 'Updating target spec'],
        ['False', 'Waiting for target update'],
      )
      const deletedDataVolumes = deleteReplaced(restore, replaced)
      if (deletedDataVolumes.length > 0) restore = objects.setStatus(restores, restore, { ...restore.status, deletedDataVolumes })
      release(restore)
      record(restore, 'Normal', 'VirtualMachineRestoreComplete', `Successfully completed VirtualMachineRestore ${restore.metadata.name}`, {
        component: 'restore-controller',
      })
      setStatus(restore, { complete: true, restoreTime: timestamp(clock) }, ['False', 'Operation complete'], ['True', 'Operation complete'])
    },
  }
}

const arrayOf = (patches: readonly string[]) => `[\n${patches.join(',\n')}\n]`

/** The restore's patches, each a JSON patch operation as text; undefined where they are no JSON. */
function operationsOf(patches: readonly string[]): Operation[] | undefined {
  try {
    return JSON.parse(arrayOf(patches)) as Operation[]
  } catch {
    return undefined
  }
}

/** Operations on paths that are not there are left out. */
function applyPatch(object: KubeObject, operation: Operation): KubeObject {
  const copy = structuredClone(object)
  return jsonPatch.validate([operation], copy) ? copy : jsonPatch.applyPatch(copy, [operation]).newDocument
}
