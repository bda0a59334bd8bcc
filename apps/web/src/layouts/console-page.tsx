import { MissingRights } from '../components/missing-right.tsx'
import { ConsoleWindow } from '../features/consoles/console-window.tsx'
import { VmDialogs } from '../features/virtual-machines/vm-dialogs.tsx'

/** A console alone in its browser tab, with the dialogs of the VM's verbs. */
export function ConsolePage() {
  return (
    <MissingRights>
      <ConsoleWindow dialogs={(row) => <VmDialogs row={row} />} />
    </MissingRights>
  )
}
