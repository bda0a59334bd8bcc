// Which dialog a verb has. Loaded when one is first opened.
import type { VmRow } from '@virtdeck/kubevirt'
import { DeleteDialog } from './delete-dialog.tsx'
import { MigrateDialog } from './migrate-dialog.tsx'
import { PowerDialog } from './power-dialogs.tsx'
import { SnapshotDialog } from './snapshot-dialog.tsx'
import type { DialogVerb } from '../../components/vm/vm-dialog-url.ts'

export default function VmDialog({ verb, row, onClose }: { verb: DialogVerb; row: VmRow; onClose(): void }) {
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
