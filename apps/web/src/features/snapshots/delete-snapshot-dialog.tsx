import { resources } from '@virtdeck/k8s'
import type { VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import { k8s } from '../../api/client.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { toast } from '../../stores/toasts.ts'
import { formatDate } from '../../util/format.ts'
import type { SnapshotEntry } from './snapshot-entries.ts'

export function DeleteSnapshotDialog({ row, entry, onClose }: { row: VmRow; entry: SnapshotEntry; onClose: () => void }) {
  const [pending, setPending] = useState(false)
  const [error, setError] = useState<unknown>()

  async function confirm() {
    setPending(true)
    setError(undefined)
    try {
      await k8s.delete(resources.virtualMachineSnapshots, { namespace: row.namespace, name: entry.name }, { uid: entry.uid })
      toast.done(`delete ${entry.uid}`, `Deleting snapshot ${entry.name}`)
      onClose()
    } catch (refusal) {
      setError(refusal)
      setPending(false)
    }
  }

  return (
    <ConfirmDialog
      title={`Delete snapshot ${entry.name}?`}
      verb="Delete snapshot"
      danger
      command={`kubectl delete vmsnapshot ${entry.name} -n ${row.namespace}`}
      pending={pending}
      error={error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>
        {row.name} can never again go back to <b>{formatDate(entry.takenAt * 1000)}</b>. The VM and its other snapshots stay as they are.
      </p>
    </ConfirmDialog>
  )
}
