// The snapshots of one VM: what there is, what a restore would change, and taking, restoring, deleting.
import { resources, type VirtualMachine, type VirtualMachineRestore } from '@virtdeck/k8s'
import { projectVmRow, verbAccess, vmCan, type VmRow } from '@virtdeck/kubevirt'
import { useLocation, useParams, useSearchParams } from 'react-router'
import { useAccess } from '../../api/access.ts'
import { useWatchList, useWatchObject } from '../../api/watch.ts'
import type { Action } from '../../components/action.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LockIcon, RestoreIcon, SnapshotIcon, TrashIcon } from '../../ui/icons.ts'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { isStillAt } from '../../util/still-at.ts'
import { DeleteSnapshotDialog } from './delete-snapshot-dialog.tsx'
import { RestoreDialog } from './restore-dialog.tsx'
import { RestorePanel } from './restore-panel.tsx'
import { newestFirst, snapshotEntry, type SnapshotEntry } from './snapshot-entries.ts'
import { SnapshotPanel } from './snapshot-panel.tsx'
import { SnapshotTable } from './snapshot-table.tsx'

export function VmSnapshotsTab() {
  const { namespace = '', name = '' } = useParams()
  const { object: vm } = useWatchObject(resources.virtualMachines, { namespace, name })
  const { object: vmi } = useWatchObject(resources.virtualMachineInstances, { namespace, name })
  const snapshots = useWatchList(resources.virtualMachineSnapshots, { namespace })
  const restores = useWatchList(resources.virtualMachineRestores, { namespace }).items.filter(
    (restore) => restore.spec.target.name === name,
  )
  const contents = useWatchList(resources.virtualMachineSnapshotContents, { namespace }).items

  if (!vm) {
    return vmi ? (
      <EmptyState
        icon={SnapshotIcon}
        title="No snapshots of this VM"
        body="It has no VirtualMachine, and a snapshot is one of a VirtualMachine."
      />
    ) : null
  }
  const entries = snapshots.items
    .filter((snapshot) => snapshot.spec.source.kind === 'VirtualMachine' && snapshot.spec.source.name === name)
    .map((snapshot) =>
      snapshotEntry(
        snapshot,
        contents.find((content) => content.metadata.name === snapshot.status?.virtualMachineSnapshotContentName),
        restores,
      ),
    )
  const specOf = (entry: SnapshotEntry) =>
    contents.find((content) => content.metadata.name === entry.contentName)?.spec.source.virtualMachine?.spec
  const row = projectVmRow({ vm, vmi })

  if (snapshots.status === 'error' && entries.length === 0)
    return <Unreadable code={snapshots.error.code} namespace={namespace} message={snapshots.error.message} />
  if (snapshots.status === 'loading') return <SkeletonLines label="Loading snapshots" />
  return <Snapshots row={row} vm={vm} entries={newestFirst(entries)} restores={restores} specOf={specOf} />
}

type SnapshotsProps = {
  row: VmRow
  vm: VirtualMachine
  entries: readonly SnapshotEntry[]
  restores: readonly VirtualMachineRestore[]
  specOf: (entry: SnapshotEntry) => VirtualMachine['spec'] | undefined
}

function Snapshots({ row, vm, entries, restores, specOf }: SnapshotsProps) {
  const location = useLocation()
  const [parameters, setParameters] = useSearchParams()
  const actionsOf = useSnapshotActions(row, restores)
  const doing = parameters.get('do')
  const named = entries.find((entry) => entry.name === parameters.get('snapshot'))
  const selected = named ?? entries[0]
  const leftOut = vm.status?.volumeSnapshotStatuses?.filter((volume) => !volume.enabled).map((volume) => volume.name) ?? []

  const change = (changes: Record<string, string | undefined>) =>
    setParameters(
      (before) => {
        const next = new URLSearchParams(before)
        for (const [key, value] of Object.entries(changes)) {
          if (value === undefined) next.delete(key)
          else next.set(key, value)
        }
        return next
      },
      { replace: true },
    )
  const close = () => isStillAt(location, ['do', 'snapshot']) && change({ do: undefined })

  if (!selected) return <NoSnapshots row={row} />
  return (
    <div className="cols snapcols">
      <div className="stack">
        <RestorePanel row={row} vm={vm} restores={restores} />
        {leftOut.length > 0 && (
          <Banner tone="info" title={`${leftOut.join(', ')} ${leftOut.length === 1 ? 'is' : 'are'} left out of snapshots.`} inline>
            {leftOut.every((name) => isGenerated(vm, name))
              ? 'What is generated at every boot needs no snapshot: a restore makes it anew.'
              : 'Their storage has no snapshot class, or they are not disks of their own; a restore leaves them as they are.'}
          </Banner>
        )}
        <SnapshotTable
          entries={entries}
          restores={restores}
          selected={selected.name}
          view={parameters.get('view') === 'tree' ? 'tree' : 'list'}
          actionsOf={actionsOf}
          onSelect={(snapshot) => change({ snapshot })}
          onView={(view) => change({ view: view === 'tree' ? view : undefined })}
        />
      </div>
      <SnapshotPanel entry={selected} spec={vm.spec} snapshotSpec={specOf(selected)} actions={actionsOf(selected)} />
      {/* About the one that was named: where it has gone, no other takes its place. */}
      {doing === 'restore' && named && <RestoreDialog key={named.uid} row={row} vm={vm} entry={named} onClose={close} />}
      {doing === 'deleteSnapshot' && named && <DeleteSnapshotDialog key={named.uid} row={row} entry={named} onClose={close} />}
    </div>
  )
}

/** Cloud-init, keys and configuration come from objects at each start, a container disk from its image. */
function isGenerated(vm: VirtualMachine, volumeName: string): boolean {
  const volume = vm.spec.template.spec?.volumes?.find((one) => one.name === volumeName)
  return volume !== undefined && !volume.dataVolume && !volume.persistentVolumeClaim && !volume.hostDisk && !volume.emptyDisk
}

/** What one can do with a snapshot, and why not. */
function useSnapshotActions(row: VmRow, restores: readonly VirtualMachineRestore[]): (entry: SnapshotEntry) => Action[] {
  const access = useAccess(row.namespace)
  const [, setParameters] = useSearchParams()
  const open = (verb: string, { name }: SnapshotEntry) =>
    setParameters((before) => {
      const next = new URLSearchParams(before)
      next.set('do', verb)
      next.set('snapshot', name)
      return next
    })
  const denial = (question: Parameters<typeof access>[0]): string | undefined => {
    const answer = access(question)
    if (answer.pending) return 'Asking the cluster whether you may.'
    return answer.allowed ? undefined : answer.reason
  }
  const busy = restores.some(
    (restore) =>
      restore.status?.complete !== true && !restore.status?.conditions?.some((one) => one.type === 'Failure' && one.status === 'True'),
  )
  const unready: Record<SnapshotEntry['state'], string | undefined> = {
    ready: undefined,
    taking: 'It is still being taken.',
    failed: 'It failed: there is nothing to go back to.',
    deleting: 'It is being deleted.',
  }
  return (entry) => [
    {
      id: 'restore',
      label: 'Restore…',
      icon: RestoreIcon,
      group: 'restore',
      disabled:
        unready[entry.state] ??
        (busy
          ? 'Another restore is under way.'
          : (restoreReason(row) ?? denial(verbAccess('restore')) ?? (isOff(row) ? undefined : denial(verbAccess('stop'))))),
      run: () => open('restore', entry),
    },
    {
      id: 'delete',
      label: 'Delete…',
      icon: TrashIcon,
      group: 'delete',
      danger: true,
      disabled:
        entry.state === 'deleting'
          ? unready.deleting
          : denial({ verb: 'delete', group: 'snapshot.kubevirt.io', resource: 'virtualmachinesnapshots' }),
      run: () => open('deleteSnapshot', entry),
    },
  ]
}

const isOff = (row: VmRow) => vmCan.restore(row).possible

/** A VM that runs is stopped on the way, so only one that can neither be restored nor stopped is in the way. */
function restoreReason(row: VmRow): string | undefined {
  const restore = vmCan.restore(row)
  if (restore.possible || row.status === 'Stopping' || vmCan.stop(row).possible) return undefined
  return restore.reason
}

function NoSnapshots({ row }: { row: VmRow }) {
  const possible = vmCan.snapshot(row)
  const access = useAccess(row.namespace)(verbAccess('snapshot'))
  const [, setParameters] = useSearchParams()
  const reason = possible.possible ? (access.allowed === false ? access.reason : undefined) : possible.reason
  return (
    <EmptyState
      icon={SnapshotIcon}
      title="No snapshots yet"
      body="A snapshot keeps the disks and the settings of this moment, so that you can come back to it."
      action={
        <Button
          variant={reason ? 'secondary' : 'primary'}
          icon={SnapshotIcon}
          disabledReason={reason}
          onClick={() => setParameters({ do: 'snapshot' })}
        >
          Take snapshot…
        </Button>
      }
    />
  )
}

function Unreadable({ code, namespace, message }: { code: number; namespace: string; message: string | undefined }) {
  if (code === 404)
    return (
      <EmptyState
        icon={SnapshotIcon}
        title="Snapshots are not available here"
        body="This cluster has no snapshot controller. An operator can add one; nothing else in virtdeck depends on it."
      />
    )
  if (code !== 403) return <EmptyState tone="error" title="The snapshots could not be read" body={message} />
  return (
    <EmptyState
      icon={LockIcon}
      title="You may not see snapshots"
      body={
        <>
          Seeing them needs <b>list</b> and <b>watch</b> on <b>virtualmachinesnapshots</b> in namespace <b>{namespace}</b>. Ask whoever runs
          that namespace.
        </>
      }
    />
  )
}
