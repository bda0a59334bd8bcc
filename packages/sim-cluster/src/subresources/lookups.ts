// The VMs and VMIs that requests to subresources name, or virt-api's refusals.
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import type { SubresourceReply, SubresourceRequest } from '../api/context.ts'
import { conflict, notFound } from '../api/status.ts'
import { vmis, vms, type Objects } from '../controllers/objects.ts'

// virt-api names resources in the singular.
export const vmRef = { group: 'kubevirt.io', plural: 'virtualmachine', kind: 'VirtualMachine' }
export const vmiRef = { group: 'kubevirt.io', plural: 'virtualmachineinstance', kind: 'VirtualMachineInstance' }
export const pvcRef = { group: 'kubevirt.io', plural: 'persistentvolumeclaim', kind: 'PersistentVolumeClaim' }

export const accepted: SubresourceReply = { code: 202 }
export const ok: SubresourceReply = { code: 200 }

export type Handler = (request: SubresourceRequest) => SubresourceReply

export function lookups(objects: Objects) {
  function vmOf({ namespace, name }: SubresourceRequest): VirtualMachine {
    const vm = objects.get(vms, namespace, name)
    if (!vm) throw notFound(vmRef, name)
    return vm
  }
  function vmiOf({ namespace, name }: SubresourceRequest): VirtualMachineInstance {
    const vmi = objects.get(vmis, namespace, name)
    if (!vmi) throw notFound(vmiRef, name)
    return vmi
  }
  function runningVmiOf(request: SubresourceRequest, words = 'VM is not running'): VirtualMachineInstance {
    const vmi = vmiOf(request)
    if (vmi.status?.phase !== 'Running') throw conflict(vmiRef, request.name, words)
    return vmi
  }
  return { vmOf, vmiOf, runningVmiOf }
}
