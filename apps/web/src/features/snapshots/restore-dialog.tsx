// Restoring is one plan: a snapshot to undo it with, stop, restore, start. What is agreed on here is written into the
// VirtualMachineRestore, so that the page finds its place in the plan again.
import { resources, StatusError, failure, type ObjectMeta, type VirtualMachine, type VirtualMachineRestore } from '@virtdeck/k8s'
import { restoreRequest, vmCan, vmCommand, vmRequest, type VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import { k8s } from '../../api/client.ts'
import { sendVmRequest } from '../../api/mutations.ts'
import { startAfterAnnotation } from '../../api/restore-steps.ts'
import { restorePlans } from '../../api/restores.ts'
import { waitForObject } from '../../api/wait.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Checkbox, OptionRow } from '../../ui/checkbox.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { formatDate } from '../../util/format.ts'
import type { SnapshotEntry } from './snapshot-entries.ts'

/** KubeVirt's own default is that a snapshot fails after five minutes. */
const snapshotPatienceMs = 6 * 60_000

/** KubeVirt's default where the VM does not say. */
const defaultGraceSeconds = 30

export function RestoreDialog({ row, vm, entry, onClose }: { row: VmRow; vm: VirtualMachine; entry: SnapshotEntry; onClose: () => void }) {
  const [snapshotFirst, setSnapshotFirst] = useState(true)
  const [stage, setStage] = useState<'asking' | 'snapshot' | 'restore'>('asking')
  const [error, setError] = useState<unknown>()
  const off = vmCan.restore(row).possible
  const graceSeconds = vm.spec.template.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds
  const disks = entry.disks.join(' and ')

  async function confirm() {
    setError(undefined)
    try {
      if (snapshotFirst) {
        setStage('snapshot')
        await takeUndoSnapshot(row)
      }
      setStage('restore')
      const restore = await createRestore(row, entry, !off)
      // This tab carries the plan on, whatever page it shows.
      if (!off) restorePlans.begin({ uid: restore.metadata.uid, namespace: row.namespace, restore: restore.metadata.name, vm: row.name })
      onClose()
    } catch (refusal) {
      setError(refusal)
      setStage('asking')
    }
  }

  return (
    <ConfirmDialog
      title={`Restore ${row.name} to ${entry.name}?`}
      verb={off ? 'Restore' : 'Stop and restore'}
      danger
      command={vmCommand('restore', row, { snapshotName: entry.name })}
      pending={stage !== 'asking'}
      error={error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>
        Everything written since <b>{formatDate(entry.takenAt * 1000)}</b> is lost{disks && <> on {disks}</>}.
        {!off && ' The VM is running, so it has to stop first.'}
      </p>
      {!off && (
        <ol className="plan">
          <li>
            Stop, waiting up to {graceSeconds < 120 ? `${graceSeconds} s` : `${Math.round(graceSeconds / 60)} min`} for a clean shutdown
          </li>
          <li>Restore {entry.disks.length === 1 ? '1 disk' : `${entry.disks.length} disks`} and the specification</li>
          <li>Start again</li>
        </ol>
      )}
      <OptionRow
        control={<Checkbox checked={snapshotFirst} onCheckedChange={setSnapshotFirst} />}
        label="Take a snapshot first"
        hint="So that this can be undone"
      />
      {stage === 'snapshot' && (
        <p className="hint">
          <Spinner /> Taking a snapshot of what it is now
        </p>
      )}
    </ConfirmDialog>
  )
}

async function takeUndoSnapshot(row: VmRow): Promise<void> {
  const request = vmRequest('snapshot', row)
  const { metadata } = request.body as { metadata: { name: string } }
  await k8s.send(request)
  await waitForObject(
    resources.virtualMachineSnapshots,
    { namespace: row.namespace, name: metadata.name },
    ({ status }) => {
      if (status?.phase === 'Failed')
        throw new StatusError(failure(500, `The snapshot ${metadata.name} failed: ${status.error?.message ?? 'it did not say why'}`))
      return status?.readyToUse ? true : undefined
    },
    snapshotPatienceMs,
  )
}

/** Created before the stop: KubeVirt lets it wait for that, and from then on the plan is in the cluster. */
async function createRestore(row: VmRow, entry: SnapshotEntry, startAfter: boolean): Promise<VirtualMachineRestore> {
  const request = restoreRequest(row, entry.name)
  const body = request.body as { metadata: ObjectMeta }
  const metadata = startAfter ? { ...body.metadata, annotations: { [startAfterAnnotation]: 'true' } } : body.metadata
  return (await sendVmRequest('restore', row, { ...request, body: { ...body, metadata } })) as VirtualMachineRestore
}
