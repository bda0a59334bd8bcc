// A console in a browser tab of its own: the guest gets the whole window.
import type { VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { paths, type VmRef } from '../../paths.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { VmIcon } from '../../ui/icons.ts'
import { Spinner } from '../../ui/spinner.tsx'
import { useVm, useVmRef } from '../../components/vm/use-vm.ts'
import { ConsolePanel } from './console-panel.tsx'
import './consoles.css'
import { useConsoleKind } from './use-console-kind.ts'

/** `dialogs` are those of the VM's verbs, which the power menu opens. */
export function ConsoleWindow({ dialogs }: { dialogs: (row: VmRow) => ReactNode }) {
  const ref = useVmRef()
  return (
    <div className="app conapp">
      <main id="main" tabIndex={-1}>
        <h1 className="sr">Console of {ref.name}</h1>
        <title>{`${ref.name} console · virtdeck`}</title>
        <ConsoleOf key={`${ref.namespace}/${ref.name}`} vm={ref} dialogs={dialogs} />
      </main>
    </div>
  )
}

function ConsoleOf({ vm: ref, dialogs }: { vm: VmRef; dialogs: (row: VmRow) => ReactNode }) {
  const state = useVm(ref)
  const [kind, setKind] = useConsoleKind()
  const [lastRow, setLastRow] = useState<VmRow>()
  const row = state.status === 'ready' ? state.row : undefined
  if (row && row.uid !== lastRow?.uid) setLastRow(row)
  // A VM that was deleted takes its console with it, and the last picture stays.
  const shown = row ?? lastRow
  if (shown) {
    return (
      <>
        <ConsolePanel row={shown} gone={state.status === 'missing'} kind={kind} onKind={setKind} alone />
        {dialogs(shown)}
      </>
    )
  }
  if (state.status === 'loading') {
    return (
      <div className="centre late">
        <Spinner label={`Loading ${ref.name}`} />
      </div>
    )
  }
  const forbidden = state.status === 'error' && state.error.code === 403
  return (
    <EmptyState
      icon={VmIcon}
      title={
        state.status === 'missing' ? `There is no VM ${ref.name}` : forbidden ? 'You may not see this VM' : `${ref.name} could not be read`
      }
      body={state.status === 'error' ? state.error.message : `Namespace ${ref.namespace} has no virtual machine of this name.`}
      action={<Button render={<Link to={paths.virtualMachines()} />}>All virtual machines</Button>}
    />
  )
}
