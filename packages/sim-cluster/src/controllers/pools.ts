// VirtualMachinePools: as many VMs as asked, numbered, and as the pool's template is now.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/pool/pool.go
import type { Condition, KubeObject, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { defaultVm } from '../admission/vm-defaults.ts'
import { vmCauses } from '../admission/virtual-machines.ts'
import { timestamp } from '../clock.ts'
import { quotaRefusal } from '../quota/quotas.ts'
import { jsonEqual } from '../storage/json-equal.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { selects, selectorText } from './label-selectors.ts'
import {
  conditionOf,
  controllerOf,
  controllerRef,
  isTrue,
  keyOf,
  pools,
  splitKey,
  vmis,
  vms,
  withCondition,
  type VirtualMachinePool,
} from './objects.ts'
import { claimNameOf } from './volumes.ts'

const revisionLabel = 'kubevirt.io/vm-pool-revision-name'
const revisions = 'controllerrevisions.apps'

type PoolSpec = VirtualMachinePool['spec']
type VmSpec = VirtualMachine['spec']
type Failure = { reason: string; message: string }

const ordinalOf = (name: string) => Number(name.slice(name.lastIndexOf('-') + 1)) || 0

/** The template's VM with what belongs to each VM alone numbered. */
function numberedSpec({ virtualMachineTemplate, nameGeneration }: PoolSpec, index: number): VmSpec {
  const { spec } = virtualMachineTemplate
  const numbered = (name: string) => `${name}-${index}`
  const owned = new Set((spec.dataVolumeTemplates ?? []).map((template) => template.metadata?.name ?? ''))
  const volumes = (spec.template.spec?.volumes ?? []).map((volume) => {
    const claim = claimNameOf(volume as never)
    if (volume.dataVolume && claim && owned.has(claim)) return { ...volume, dataVolume: { ...volume.dataVolume, name: numbered(claim) } }
    if (volume.persistentVolumeClaim && claim && owned.has(claim)) {
      return { ...volume, persistentVolumeClaim: { ...volume.persistentVolumeClaim, claimName: numbered(claim) } }
    }
    if (volume.configMap && nameGeneration?.appendIndexToConfigMapRefs) {
      return { ...volume, configMap: { ...volume.configMap, name: numbered(volume.configMap.name ?? '') } }
    }
    if (volume.secret && nameGeneration?.appendIndexToSecretRefs) {
      return { ...volume, secret: { ...volume.secret, secretName: numbered(volume.secret.secretName ?? '') } }
    }
    return volume
  })
  return {
    ...spec,
    ...(spec.dataVolumeTemplates
      ? {
          dataVolumeTemplates: spec.dataVolumeTemplates.map((template) => ({
            ...template,
            metadata: { ...(template.metadata as object), name: numbered(template.metadata?.name ?? '') },
          })),
        }
      : {}),
    template: { ...spec.template, spec: { ...spec.template.spec, ...(volumes.length > 0 ? { volumes } : {}) } },
  } as VmSpec
}

export function poolController(context: ControllerContext): Controller {
  const { objects, indexes, clock, random, record } = context
  const component = { component: 'virtualmachinepool-controller' }

  const vmsOf = (pool: VirtualMachinePool): VirtualMachine[] => indexes.vmsOfOwner(pool.metadata.uid)
  const wantedOf = (pool: VirtualMachinePool) => pool.spec.replicas ?? 1

  function ensureRevision(pool: VirtualMachinePool): string {
    const { name, namespace, generation = 1 } = pool.metadata
    const revision = `${name}-${generation}`
    if (!objects.get(revisions, namespace, revision)) {
      objects.create(revisions, {
        metadata: { name: revision, ...(namespace ? { namespace } : {}), ownerReferences: [controllerRef(pools, pool)] },
        data: pool.spec,
        revision: generation,
      })
    }
    return revision
  }
  const revisionOf = (pool: VirtualMachinePool, name: string | undefined): PoolSpec | undefined =>
    objects.get(revisions, pool.metadata.namespace, name)?.data as PoolSpec | undefined

  /** A VM of the pool as its template wants it now. */
  function render(pool: VirtualMachinePool, name: string, before?: VirtualMachine): VirtualMachine {
    const revision = ensureRevision(pool)
    const { labels, annotations } = pool.spec.virtualMachineTemplate.metadata ?? {}
    const spec = numberedSpec(pool.spec, ordinalOf(name))
    const templateMetadata = (spec.template.metadata ?? {}) as { labels?: Record<string, string> }
    const firmware = before?.spec.template.spec?.domain.firmware
    const vmSpec = spec.template.spec
    const labelled = {
      ...spec,
      template: {
        ...spec.template,
        metadata: { ...templateMetadata, labels: { ...templateMetadata.labels, [revisionLabel]: revision } },
        // What a VM is known by to its guest stays.
        ...(vmSpec ? { spec: { ...vmSpec, domain: { ...(firmware ? { firmware } : {}), ...vmSpec.domain } } } : {}),
      },
    }
    const metadata = before?.metadata ?? {
      name,
      ...(pool.metadata.namespace ? { namespace: pool.metadata.namespace } : {}),
      ownerReferences: [controllerRef(pools, pool)],
    }
    const vm = {
      ...before,
      metadata: {
        ...metadata,
        ...(annotations || before ? { annotations: { ...before?.metadata.annotations, ...annotations } } : {}),
        labels: { ...labels, [revisionLabel]: revision },
      },
      spec: labelled,
    } as VirtualMachine
    return defaultVm(objects, vm, random.uuid)
  }

  function scaleOut(pool: VirtualMachinePool, count: number): Failure | undefined {
    const { name: base, namespace } = pool.metadata
    for (let made = 0, index = 0; made < count; index += 1) {
      const name = `${base}-${index}`
      if (objects.get(vms, namespace, name)) continue
      const vm = render(pool, name)
      const causes = vmCauses(objects, vm)
      const denied = 'admission webhook "virtualmachine-validator.kubevirt.io" denied the request: '
      const problem =
        causes.length > 0
          ? denied + causes.map((cause) => cause.message).join(', ')
          : quotaRefusal(context.storage, vms, vm as unknown as KubeObject)?.message
      if (problem) {
        record(pool, 'Warning', 'FailedCreate', `Error creating VM: ${problem}`, component)
        return { reason: 'FailedScaleOut', message: `Error during scale out: ${problem}` }
      }
      objects.create(vms, vm as never)
      record(pool, 'Normal', 'SuccessfulCreate', `Created VM ${namespace}/${name}`, component)
      made += 1
    }
    return undefined
  }

  function scaleIn(pool: VirtualMachinePool, members: VirtualMachine[], excess: number): void {
    const staying = members.filter((vm) => !vm.metadata.deletionTimestamp)
    const count = excess - (members.length - staying.length)
    const descending = pool.spec.scaleInStrategy?.proactive?.selectionPolicy?.basePolicy === 'DescendingOrder'
    const order = staying.map((vm) => ({ vm, at: descending ? -ordinalOf(vm.metadata.name) : random.next() })).sort((a, b) => a.at - b.at)
    for (const { vm } of order.slice(0, Math.max(0, count))) {
      objects.remove(vms, vm)
      record(pool, 'Normal', 'SuccessfulDelete', `Deleted VM ${keyOf(vm)} with uid ${vm.metadata.uid} from pool`, component)
    }
  }

  /** VMs whose template is an older one take the new one; true when there was none. */
  function updateVms(pool: VirtualMachinePool, members: VirtualMachine[]): boolean {
    const outdated = members.filter((vm) => {
      const then = revisionOf(pool, vm.metadata.labels?.[revisionLabel])
      return !then || !jsonEqual(then.virtualMachineTemplate, pool.spec.virtualMachineTemplate)
    })
    for (const vm of outdated) {
      objects.update(vms, render(pool, vm.metadata.name, vm))
      record(pool, 'Normal', 'SuccessfulUpdate', `Updated VM ${keyOf(vm)}`, component)
    }
    return outdated.length === 0
  }

  function unavailableLimit(pool: VirtualMachinePool): number {
    const { maxUnavailable = '100%' } = pool.spec
    const limit = typeof maxUnavailable === 'number' ? maxUnavailable : Math.floor((wantedOf(pool) * Number.parseInt(maxUnavailable)) / 100)
    return Math.max(1, limit)
  }

  /** VMIs that still run the older template are restarted, no more at once than may be unavailable. */
  function updateVmis(pool: VirtualMachinePool, members: VirtualMachine[]): void {
    const running = members.flatMap((vm) => {
      const vmi = objects.get(vmis, vm.metadata.namespace, vm.metadata.name)
      return vmi ? [{ vm, vmi }] : []
    })
    const isReady = (vmi: VirtualMachineInstance) =>
      vmi.status?.phase === 'Running' && !vmi.metadata.deletionTimestamp && isTrue(vmi, 'Ready')
    let room = unavailableLimit(pool) - (members.length - running.filter(({ vmi }) => isReady(vmi)).length)
    for (const { vm, vmi } of running) {
      const [wanted, has] = [vm.metadata.labels?.[revisionLabel], vmi.metadata.labels?.[revisionLabel]]
      if (vmi.metadata.deletionTimestamp || wanted === has || !wanted) continue
      const [now, then] = [revisionOf(pool, wanted)?.virtualMachineTemplate.spec, revisionOf(pool, has)?.virtualMachineTemplate.spec]
      if (!now) continue
      if (then && jsonEqual(then.template, now.template) && jsonEqual(then.dataVolumeTemplates, now.dataVolumeTemplates)) {
        objects.setMetadata(vmis, vmi, { labels: { ...vmi.metadata.labels, [revisionLabel]: wanted } })
      } else {
        if (room <= 0 && isReady(vmi)) return
        if (isReady(vmi)) room -= 1
        if (then && !jsonEqual(then.dataVolumeTemplates, now.dataVolumeTemplates)) objects.remove(vms, vm)
        else objects.remove(vmis, vmi)
      }
      record(pool, 'Normal', 'SuccessfulDelete', `Successfully updated resource ${keyOf(vm)}`, component)
    }
  }

  function pruneRevisions(pool: VirtualMachinePool, members: VirtualMachine[]): void {
    const used = new Set(
      members.flatMap((vm) => [
        vm.metadata.labels?.[revisionLabel],
        objects.get(vmis, vm.metadata.namespace, vm.metadata.name)?.metadata.labels?.[revisionLabel],
      ]),
    )
    for (const revision of objects.list(revisions, pool.metadata.namespace)) {
      if (controllerOf(revision)?.uid === pool.metadata.uid && !used.has(revision.metadata.name)) objects.remove(revisions, revision)
    }
  }

  function syncStatus(pool: VirtualMachinePool, failure: Failure | undefined): void {
    const members = vmsOf(pool)
    const now = timestamp(clock)
    let conditions = (pool.status?.conditions ?? []) as Condition[]
    const paused = conditionOf(pool as never, 'ReplicaPaused') !== undefined
    if (failure && !conditionOf(pool as never, 'ReplicaFailure')) {
      conditions = withCondition(conditions, 'ReplicaFailure', { status: 'True', ...failure }, now)
      record(pool, 'Warning', failure.reason, failure.message, component)
    } else if (!failure) conditions = withCondition(conditions, 'ReplicaFailure', undefined, now)
    if (pool.spec.paused && !paused) {
      const value = { status: 'True', reason: 'SuccessfulPaused', message: 'Pool controller is paused' } as const
      conditions = withCondition(conditions, 'ReplicaPaused', value, now)
      record(pool, 'Normal', 'SuccessfulPaused', 'Pool is paused', component)
    } else if (!pool.spec.paused && paused) {
      conditions = withCondition(conditions, 'ReplicaPaused', undefined, now)
      record(pool, 'Normal', 'SuccessfulResume', 'Pool is unpaused', component)
    }
    const readyReplicas = members.filter((vm) => isTrue(vm, 'Ready')).length
    objects.setStatus(pools, pool, {
      ...(conditions.length > 0 ? { conditions } : {}),
      labelSelector: selectorText(pool.spec.selector),
      ...(readyReplicas > 0 ? { readyReplicas } : {}),
      ...(members.length > 0 ? { replicas: members.length } : {}),
    })
  }

  return {
    name: 'pools',
    keysOf({ resource, object }) {
      if (resource.plural === 'virtualmachinepools') return [keyOf(object)]
      if (resource.plural === 'virtualmachines') {
        const owner = controllerOf(object)
        return owner?.kind === 'VirtualMachinePool' ? [`${object.metadata.namespace}/${owner.name}`] : []
      }
      return []
    },
    reconcile(key) {
      const pool = objects.get(pools, ...splitKey(key))
      if (!pool?.spec.virtualMachineTemplate || pool.metadata.deletionTimestamp) return
      const { selector, virtualMachineTemplate, paused } = pool.spec
      if (!selects(selector, virtualMachineTemplate.metadata?.labels)) return
      let failure: Failure | undefined
      if (!paused) {
        const members = vmsOf(pool)
        const excess = members.length - wantedOf(pool)
        if (excess < 0) failure = scaleOut(pool, -excess)
        else if (excess > 0) scaleIn(pool, members, excess)
        else if (updateVms(pool, members)) {
          updateVmis(pool, members)
          pruneRevisions(pool, members)
        }
      }
      syncStatus(objects.get(pools, ...splitKey(key)) ?? pool, failure)
    },
  }
}
