// memorydump and removememorydump.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-api/rest/memorydump.go
import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'
import { badRequest, conflict, notFound } from '../api/status.ts'
import { memoryDumpRequestOf, type MemoryDumpRequest } from '../controllers/memory-dump.ts'
import { pvcs, vms, type Objects } from '../controllers/objects.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import { accepted, lookups, pvcRef, vmRef, type Handler } from './lookups.ts'

const overheadBytes = 100 * 2 ** 20
const filesystemOverhead = 0.06

/** Why a claim cannot take a VMI's memory. */
function claimProblem(pvc: PersistentVolumeClaim, vmi: VirtualMachineInstance): string | undefined {
  if (pvc.spec?.volumeMode === 'Block') return 'pvc should be filesystem pvc'
  const modes = (pvc.spec?.accessModes ?? []) as string[]
  if (modes.length > 0 && modes.every((mode) => mode === 'ReadOnlyMany')) return "pvc access mode can't be read only"
  const sizeBytes = parseQuantity((pvc.spec?.resources?.requests as Record<string, string> | undefined)?.storage) ?? 0
  const requests = vmi.spec.domain.resources?.requests as Record<string, string> | undefined
  const neededBytes = Math.ceil((overheadBytes + (parseQuantity(requests?.memory) ?? 0)) * (1 + filesystemOverhead))
  if (sizeBytes < neededBytes) return `pvc size [${Math.ceil(sizeBytes / 1000)}k] should be bigger then [${neededBytes}]`
  return undefined
}

export function createMemoryDump(objects: Objects): { memoryDump: Handler; removeMemoryDump: Handler } {
  const { vmOf, runningVmiOf } = lookups(objects)

  return {
    memoryDump(request) {
      const asked = (request.body ?? {}) as { claimName?: string }
      const vm = vmOf(request)
      const before = memoryDumpRequestOf(vm)
      if (!asked.claimName && !before) throw badRequest('Memory dump requires claim name to be set')
      if (before && asked.claimName && before.claimName !== asked.claimName) {
        throw conflict(
          vmRef,
          request.name,
          `can't request memory dump for pvc [${asked.claimName}] while pvc [${before.claimName}] is still associated as the memory dump pvc`,
        )
      }
      const claimName = asked.claimName || (before?.claimName ?? '')
      const vmi = runningVmiOf(request)
      const pvc = objects.get(pvcs, request.namespace, claimName)
      if (!pvc) throw notFound(pvcRef, claimName)
      const problem = claimProblem(pvc, vmi)
      if (problem) throw conflict(pvcRef, claimName, problem)
      if (before?.phase === 'Dissociating') {
        throw conflict(vmRef, request.name, `can't dump memory for pvc [${claimName}] a remove memory dump request is in progress`)
      }
      if (before && before.phase !== 'Completed' && before.phase !== 'Failed') {
        throw conflict(vmRef, request.name, `memory dump request for pvc [${claimName}] already in progress`)
      }
      const memoryDumpRequest: MemoryDumpRequest = { claimName, phase: 'Associating' }
      objects.setStatus(vms, vm, { ...vm.status, memoryDumpRequest })
      return accepted
    },
    removeMemoryDump(request) {
      const vm = vmOf(request)
      const before = memoryDumpRequestOf(vm)
      if (!before) {
        throw conflict(vmRef, request.name, `can't remove memory dump association for vm ${request.name}, no association found`)
      }
      if (before.remove) throw conflict(vmRef, request.name, `memory dump remove request for pvc [${before.claimName}] already exists`)
      const memoryDumpRequest: MemoryDumpRequest = { claimName: before.claimName, phase: 'Dissociating', remove: true }
      objects.setStatus(vms, vm, { ...vm.status, memoryDumpRequest })
      return accepted
    },
  }
}
