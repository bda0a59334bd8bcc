// Deleting a VM, with the fate of each of its disks and of its snapshots.
import { StatusError, own, resources, toStatus, type VirtualMachine } from '@virtdeck/k8s'
import { deletePlan, disksToDecide, vmCommand, type DeletableDisk, type DeleteStep, type Fate, type VmRow } from '@virtdeck/kubevirt'
import { useState, type ReactNode } from 'react'
import { useAccess } from '../../api/access.ts'
import { k8s } from '../../api/client.ts'
import { sendVmRequest } from '../../api/mutations.ts'
import { useWatchMany } from '../../api/watch-many.ts'
import { useWatchList, useWatchObject } from '../../api/watch.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { toast } from '../../stores/toasts.ts'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon, TrashIcon } from '../../ui/icons.ts'
import { Segmented } from '../../ui/segmented.tsx'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { bytesText } from '../../util/format.ts'
import { useDialogVerb } from './power-dialogs.tsx'
import { useVerbReason } from '../../components/vm/vm-actions.tsx'
import { claimNames } from '../../components/vm/vm-volumes.ts'

export function DeleteDialog({ row, onClose }: { row: VmRow; onClose(): void }) {
  const { object: vm, status } = useWatchObject(resources.virtualMachines, row)
  if (row.bare || status === 'missing' || status === 'error') return <DeleteBare row={row} onClose={onClose} />
  return <DeleteVm row={row} vm={vm} onClose={onClose} />
}

/** A VMI that no VirtualMachine owns, or a VM that the user may delete without seeing it: nothing to choose. */
function DeleteBare({ row, onClose }: { row: VmRow; onClose(): void }) {
  const { pending, error, run } = useDialogVerb('delete', row, onClose)
  const reason = useVerbReason('delete', row)
  return (
    <ConfirmDialog
      title={`Delete ${row.name}?`}
      verb="Delete VM"
      danger
      typedName={row.name}
      disabledReason={pending ? undefined : reason}
      command={vmCommand('delete', row)}
      pending={pending}
      error={error}
      onConfirm={() => void run()}
      onClose={onClose}
    >
      <Consequence row={row} />
    </ConfirmDialog>
  )
}

function DeleteVm({ row, vm, onClose }: { row: VmRow; vm: VirtualMachine | undefined; onClose(): void }) {
  const { namespace } = row
  const scopes = claimNames(vm, undefined).map((name) => ({ namespace, fieldSelector: `metadata.name=${name}` }))
  const dataVolumes = useWatchMany(resources.dataVolumes, scopes)
  const pvcs = useWatchMany(resources.persistentVolumeClaims, scopes)
  const others = useWatchList(resources.virtualMachines, { namespace })
  const allSnapshots = useWatchList(resources.virtualMachineSnapshots, { namespace })
  const access = useAccess(namespace)
  const reason = useVerbReason('delete', row)
  const [disks, setDisks] = useState<Record<string, Fate>>({})
  const [snapshotsFate, setSnapshotsFate] = useState<Fate>('keep')
  const [pending, setPending] = useState(false)
  const [error, setError] = useState<unknown>()

  const loading = !vm || [dataVolumes, pvcs, others].some((watch) => watch.status === 'loading')
  const objects = { dataVolumes: dataVolumes.items, pvcs: pvcs.items, otherVms: others.items, snapshots: allSnapshots.items }
  const decide = vm ? disksToDecide(vm, objects) : []
  const snapshots = allSnapshots.items.filter((snapshot) => snapshot.spec.source.name === row.name)
  const mayDeleteSnapshots = access({ verb: 'delete', group: 'snapshot.kubevirt.io', resource: 'virtualmachinesnapshots' })

  async function confirm() {
    if (!vm) return
    const choices = { disks, snapshots: Object.fromEntries(snapshots.map((snapshot) => [snapshot.metadata.name, snapshotsFate])) }
    const steps = deletePlan(vm, objects, choices)
    const afterVm = steps.findIndex(({ does }) => does === 'delete-vm') + 1
    setPending(true)
    setError(undefined)
    try {
      for (const step of steps.slice(0, afterVm)) await carryOut(step, row)
      onClose()
    } catch (refusal) {
      setError(refusal)
      setPending(false)
      return
    }
    // With the VM the dialog is gone: of what was to go with it, a toast says what stays.
    for (const step of steps.slice(afterVm))
      await carryOut(step, row).catch((refusal: unknown) =>
        toast.failed(`delete ${step.name} of ${row.uid}`, `Could not delete all of ${row.name}`, toStatus(refusal).message),
      )
  }

  return (
    <ConfirmDialog
      title={`Delete ${row.name}?`}
      verb="Delete VM"
      danger
      typedName={row.name}
      disabledReason={pending ? undefined : (reason ?? (loading ? 'Looking for its disks.' : undefined))}
      command={vmCommand('delete', row)}
      pending={pending}
      error={error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Consequence row={row} />
      {loading ? (
        <SkeletonLines label="Looking for its disks" widths={[240, 200]} />
      ) : (
        (decide.length > 0 || snapshots.length > 0) && (
          <ul className="cons">
            {decide.map((disk) => (
              <DiskLine
                key={disk.name}
                disk={disk}
                fate={own(disks, disk.name) ?? (disk.owned ? 'delete' : 'keep')}
                onChange={(fate) => setDisks((before) => ({ ...before, [disk.name]: fate }))}
              />
            ))}
            {snapshots.length > 0 && (
              <FateLine
                what={<b>{snapshots.length === 1 ? '1 snapshot' : `${snapshots.length} snapshots`}</b>}
                note="A snapshot can be restored without its VM."
                label="Snapshots"
                fate={snapshotsFate}
                fixed={mayDeleteSnapshots.allowed === false ? 'You may not delete them' : undefined}
                onChange={setSnapshotsFate}
              />
            )}
          </ul>
        )
      )}
    </ConfirmDialog>
  )
}

async function carryOut({ does, name, request }: DeleteStep, row: VmRow): Promise<void> {
  if (does === 'delete-vm') {
    await sendVmRequest('delete', row, request)
    return
  }
  try {
    await k8s.send(request)
  } catch (error) {
    // Whoever else deleted it did what was asked.
    const status = toStatus(error)
    if (!(does.startsWith('delete') && status.code === 404)) throw new StatusError({ ...status, message: `${name}: ${status.message}` })
  }
}

function Consequence({ row }: { row: VmRow }) {
  const off = ['Stopped', 'Failed', 'Succeeded'].includes(row.status)
  return (
    <p>
      {off ? (
        <>It is switched off. Deleting it can’t be undone.</>
      ) : (
        <>
          It is <b>{row.status.toLowerCase()}</b> and will be stopped at once. This can’t be undone.
        </>
      )}
    </p>
  )
}

function DiskLine({ disk, fate, onChange }: { disk: DeletableDisk; fate: Fate; onChange(fate: Fate): void }) {
  const shared = disk.usedBy.length > 0
  return (
    <FateLine
      what={
        <>
          <b>{disk.name}</b>
          {disk.sizeBytes !== undefined && `, ${bytesText(disk.sizeBytes)}`}
        </>
      }
      note={shared ? `also used by ${disk.usedBy.join(', ')}` : undefined}
      label={disk.name}
      fate={fate}
      fixed={shared ? 'Always kept' : undefined}
      onChange={onChange}
    />
  )
}

type FateLineProps = { what: ReactNode; note?: string; label: string; fate: Fate; fixed?: string; onChange(fate: Fate): void }

function FateLine({ what, note, label, fate, fixed, onChange }: FateLineProps) {
  const goes = !fixed && fate === 'delete'
  return (
    <li>
      <IconMark icon={goes ? TrashIcon : CheckIcon} className={goes ? 'c-error' : 'c-running'} />
      <span>
        {what}
        {note && <small className="dim">{note}</small>}
      </span>
      {fixed ? (
        <span className="dim">{fixed}</span>
      ) : (
        <Segmented
          label={label}
          value={fate}
          onValueChange={onChange}
          options={[
            { value: 'delete', label: 'Delete' },
            { value: 'keep', label: 'Keep' },
          ]}
        />
      )}
    </li>
  )
}
