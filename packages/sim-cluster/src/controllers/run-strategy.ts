// What a VM's run strategy says about its VMI now: start it, stop it, or leave it.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vm/vm.go (syncRunStrategy)
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'

export type RunDecision =
  | { do: 'nothing' }
  | { do: 'start' }
  | { do: 'stop'; thenStart?: boolean }
  /** A start request on a halted VM (start paused) turns it to Always. */
  | { do: 'unhalt' }

export function runStrategyOf(vm: VirtualMachine): string {
  return vm.spec.runStrategy ?? (vm.spec.running ? 'Always' : 'Halted')
}

type StateChange = { action: string; uid?: string; data?: Record<string, string> }
export const requestsOf = (vm: VirtualMachine): StateChange[] => (vm.status?.stateChangeRequests ?? []) as StateChange[]
const hasStartRequest = (vm: VirtualMachine): boolean => requestsOf(vm)[0]?.action === 'Start'
export const hasStopRequestFor = (vm: VirtualMachine, vmi: VirtualMachineInstance): boolean =>
  requestsOf(vm)[0]?.action === 'Stop' && requestsOf(vm)[0]?.uid === vmi.metadata.uid

export function decide(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): RunDecision {
  const strategy = runStrategyOf(vm)
  const stopRequested = vmi !== undefined && hasStopRequestFor(vm, vmi)
  const final = vmi?.status?.phase === 'Succeeded' || vmi?.status?.phase === 'Failed'
  // When it was another strategy before, the VM is started once.
  const fresh = vm.status?.runStrategy !== strategy
  switch (strategy) {
    case 'Always':
      if (vmi) return stopRequested || final ? { do: 'stop' } : { do: 'nothing' }
      return { do: 'start' }
    case 'RerunOnFailure':
      if (vmi) {
        if (stopRequested || vmi.status?.phase === 'Succeeded') return { do: 'stop' }
        return vmi.status?.phase === 'Failed' ? { do: 'stop', thenStart: true } : { do: 'nothing' }
      }
      return fresh || hasStartRequest(vm) ? { do: 'start' } : { do: 'nothing' }
    case 'Once':
      if (vmi) return { do: 'nothing' }
      return fresh || hasStartRequest(vm) ? { do: 'start' } : { do: 'nothing' }
    case 'Manual':
      if (vmi) return stopRequested ? { do: 'stop' } : { do: 'nothing' }
      return hasStartRequest(vm) ? { do: 'start' } : { do: 'nothing' }
    case 'Halted':
      if (vmi) return { do: 'stop' }
      return hasStartRequest(vm) ? { do: 'unhalt' } : { do: 'nothing' }
    default:
      return { do: 'nothing' }
  }
}
