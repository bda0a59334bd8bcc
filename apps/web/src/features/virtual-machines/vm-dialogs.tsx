// The dialogs of a VM's verbs, opened by the URL, wherever VMs are shown.
import type { VmRow } from '@virtdeck/kubevirt'
import { Suspense, lazy } from 'react'
import { useVmRow } from '../../api/fleet.ts'
import type { VmRef } from '../../paths.ts'
import { useVmDialog, type DialogVerb } from '../../components/vm/vm-dialog-url.ts'

const VmDialog = lazy(() => import('./vm-dialog.tsx'))

/** Mounted once per page. A VM's own page passes its row; elsewhere the URL names the VM. */
export function VmDialogs({ row }: { row?: VmRow }) {
  const { dialog, close } = useVmDialog()
  if (!dialog) return null
  return (
    <Suspense fallback={null}>
      {row && <VmDialog verb={dialog.verb} row={row} onClose={close} />}
      {!row && dialog.ref && <DialogOfListed vm={dialog.ref} verb={dialog.verb} onClose={close} />}
    </Suspense>
  )
}

function DialogOfListed({ vm, verb, onClose }: { vm: VmRef; verb: DialogVerb; onClose(): void }) {
  const row = useVmRow(vm)
  return row ? <VmDialog verb={verb} row={row} onClose={onClose} /> : null
}
