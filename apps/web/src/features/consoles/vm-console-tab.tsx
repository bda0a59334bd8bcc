import { useVm, useVmRef } from '../../components/vm/use-vm.ts'
import { ConsolePanel } from './console-panel.tsx'
import { useConsoleKind } from './use-console-kind.ts'

/** The console on a VM's page, which shows what there is to say about VMs that do not exist. */
export function VmConsoleTab() {
  const state = useVm(useVmRef())
  const [kind, setKind] = useConsoleKind()
  return state.status === 'ready' ? <ConsolePanel row={state.row} kind={kind} onKind={setKind} /> : null
}
