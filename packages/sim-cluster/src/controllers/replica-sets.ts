// VirtualMachineInstanceReplicaSets: as many VMIs of one template as asked, without VMs.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/replicaset/replicaset.go
import type { Condition, VirtualMachineInstance } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { selects, selectorText } from './label-selectors.ts'
import {
  conditionOf,
  controllerOf,
  controllerRef,
  isTrue,
  keyOf,
  replicaSets,
  splitKey,
  vmis,
  withCondition,
  type VirtualMachineInstanceReplicaSet,
} from './objects.ts'
import { defaulted } from './vmi-spec.ts'
import { initialStatus, observedVersions } from './vmi-status.ts'
import { isFinal } from './vmis.ts'

export function replicaSetController({ objects, indexes, clock, random, record }: ControllerContext): Controller {
  const component = { component: 'virtualmachinereplicaset-controller' }

  function add(set: VirtualMachineInstanceReplicaSet): void {
    const { metadata = {}, spec } = set.spec.template
    const generateName = metadata.generateName ?? metadata.name ?? set.metadata.name
    const name = `${generateName}${random.suffix()}`
    const complete = defaulted(objects, spec)
    objects.create(vmis, {
      metadata: {
        name,
        generateName,
        ...(set.metadata.namespace ? { namespace: set.metadata.namespace } : {}),
        ...(metadata.labels ? { labels: metadata.labels } : {}),
        annotations: { ...metadata.annotations, ...observedVersions },
        finalizers: ['foregroundDeleteVirtualMachine'],
        generation: 1,
        ownerReferences: [controllerRef(replicaSets, set)],
      },
      spec: complete,
      status: initialStatus(complete, timestamp(clock)) as never,
    })
    record(set, 'Normal', 'SuccessfulCreate', `Started the virtual machine by creating the new virtual machine instance ${name}`, component)
  }

  function scale(set: VirtualMachineInstanceReplicaSet, members: VirtualMachineInstance[]): void {
    const active = members.filter((vmi) => !isFinal(vmi) && !vmi.metadata.deletionTimestamp)
    for (const vmi of members) {
      if (!isFinal(vmi) || vmi.metadata.deletionTimestamp) continue
      objects.remove(vmis, vmi)
      record(set, 'Normal', 'SuccessfulDelete', `Deleted finished virtual machine: ${vmi.metadata.uid}`, component)
    }
    const wanted = set.spec.replicas ?? 1
    for (let missing = wanted - active.length; missing > 0; missing -= 1) add(set)
    for (const vmi of active.slice(0, Math.max(0, active.length - wanted))) {
      objects.remove(vmis, vmi)
      const message = `Stopped the virtual machine by deleting the virtual machine instance ${vmi.metadata.uid}`
      record(set, 'Normal', 'SuccessfulDelete', message, component)
    }
  }

  function syncStatus(set: VirtualMachineInstanceReplicaSet): void {
    const members = indexes.vmisOfOwner(set.metadata.uid).filter((vmi) => !isFinal(vmi) && !vmi.metadata.deletionTimestamp)
    const wasPaused = conditionOf(set as never, 'Paused') !== undefined
    const paused = set.spec.paused ? ({ status: 'True', reason: 'Paused', message: 'Controller got paused' } as const) : undefined
    const conditions = withCondition((set.status?.conditions ?? []) as Condition[], 'Paused', paused, timestamp(clock))
    const readyReplicas = members.filter((vmi) => isTrue(vmi, 'Ready')).length
    objects.setStatus(replicaSets, set, {
      ...(conditions.length > 0 ? { conditions } : {}),
      labelSelector: selectorText(set.spec.selector),
      ...(readyReplicas > 0 ? { readyReplicas } : {}),
      ...(members.length > 0 ? { replicas: members.length } : {}),
    })
    if (paused && !wasPaused) record(set, 'Normal', 'SuccessfulPaused', 'Paused', component)
    else if (!paused && wasPaused) record(set, 'Normal', 'SuccessfulResumed', 'Resumed', component)
  }

  return {
    name: 'replicasets',
    keysOf({ resource, object }) {
      if (resource.plural === 'virtualmachineinstancereplicasets') return [keyOf(object)]
      if (resource.plural === 'virtualmachineinstances') {
        const owner = controllerOf(object)
        return owner?.kind === 'VirtualMachineInstanceReplicaSet' ? [`${object.metadata.namespace}/${owner.name}`] : []
      }
      return []
    },
    reconcile(key) {
      const set = objects.get(replicaSets, ...splitKey(key))
      if (!set?.spec.template || set.metadata.deletionTimestamp) return
      if (!selects(set.spec.selector, set.spec.template.metadata?.labels)) return
      if (!set.spec.paused) scale(set, indexes.vmisOfOwner(set.metadata.uid))
      syncStatus(set)
    },
  }
}
