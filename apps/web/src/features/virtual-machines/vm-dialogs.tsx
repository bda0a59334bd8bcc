// The dialogs of a VM's verbs, opened by the URL, wherever VMs are shown.
import type { VmRow } from '@virtdeck/kubevirt'
import { useVmRow } from '../../api/fleet.ts'
import type { VmRef } from '../../paths.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import { MigrateDialog } from './migrate-dialog.tsx'
import { PowerDialog } from './power-dialogs.tsx'
import { SnapshotDialog } from './snapshot-dialog.tsx'
import { useVmDialog, type DialogVerb } from './vm-dialog-url.ts'

/** Mounted once per page. A VM's own page passes its row; elsewhere the URL names the VM. */
export function VmDialogs({ row }: { row?: VmRow }) {
  const { dialog, close } = useVmDialog()
  if (!dialog) return null
  if (row) return <VmDialogOf verb={dialog.verb} row={row} onClose={close} />
  return dialog.ref ? <DialogOfListed vm={dialog.ref} verb={dialog.verb} onClose={close} /> : null
}

function DialogOfListed({ vm, verb, onClose }: { vm: VmRef; verb: DialogVerb; onClose(): void }) {
  const row = useVmRow(vm)
  return row ? <VmDialogOf verb={verb} row={row} onClose={onClose} /> : null
}

function VmDialogOf({ verb, row, onClose }: { verb: DialogVerb; row: VmRow; onClose(): void }) {
  // A dialog belongs to one VM: another one of the same name starts afresh.
  const key = `${verb} ${row.uid}`
  switch (verb) {
    case 'migrate':
      return <MigrateDialog key={key} row={row} onClose={onClose} />
    case 'snapshot':
      return <SnapshotDialog key={key} row={row} onClose={onClose} />
    case 'delete':
      return <DeleteDialog key={key} row={row} onClose={onClose} />
    default:
      return <PowerDialog key={key} verb={verb} row={row} onClose={onClose} />
  }
}
