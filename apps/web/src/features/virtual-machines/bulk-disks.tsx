// The disks of many VMs that are about to be deleted, each with its fate.
import type { Fate, VmRow, VolumeRow } from '@virtdeck/kubevirt'
import { useMemo } from 'react'
import { useFleet } from '../../api/fleet.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { bytesText, countText, formatCount } from '../../util/format.ts'

/** More lines than these nobody decides one by one. */
const LISTED = 200

export type Disks = { status: 'loading' | 'known' | 'unknown'; rows: readonly VolumeRow[] }

/** What the VMs own or use. Unknown to those who may not list volumes: then the cluster's own rules decide. */
export function useDisksOf(vms: readonly VmRow[]): Disks {
  const fleet = useFleet('persistentvolumeclaims')
  const keys = vms.map(({ namespace, name }) => `${namespace}/${name}`).join()
  const rows = useMemo(() => {
    const wanted = new Set(keys.split(','))
    const has = (namespace: string, name: string | undefined) => name !== undefined && wanted.has(`${namespace}/${name}`)
    return fleet.rows.filter(({ namespace, vms: users = [], owner }) => users.some((user) => has(namespace, user)) || has(namespace, owner))
  }, [fleet.rows, keys])
  const status =
    fleet.status === 'loading' ? 'loading' : fleet.status === 'error' || fleet.access?.scope === 'forbidden' ? 'unknown' : 'known'
  return { status, rows }
}

/** A VM's own among them, and those that it uses. */
export const disksOf = ({ namespace, name }: VmRow, disks: readonly VolumeRow[]): VolumeRow[] =>
  disks.filter((disk) => disk.namespace === namespace && (disk.vms?.includes(name) || disk.owner === name))

/** Used by another VM than the one that it goes with. */
export const isShared = ({ vms = [], owner }: VolumeRow) => vms.some((vm) => vm !== (owner ?? vms[0]))
const usual = ({ owner }: VolumeRow): Fate => (owner === undefined ? 'keep' : 'delete')

const fateOptions = [
  { value: 'delete' as const, label: 'Delete' },
  { value: 'keep' as const, label: 'Keep' },
]

type DiskFatesProps = { disks: Disks; fates: ReadonlyMap<string, Fate>; onChange: (fates: ReadonlyMap<string, Fate>) => void }

export function DiskFates({ disks: { status, rows }, fates, onChange }: DiskFatesProps) {
  if (status === 'loading') return <SkeletonLines label="Looking for their disks" widths={[240, 200]} />
  if (status === 'unknown') return <p>The disks that belong to them are deleted with them.</p>
  const open = rows.filter((row) => !isShared(row))
  const fateOf = (row: VolumeRow): Fate => (isShared(row) ? 'keep' : (fates.get(row.uid) ?? usual(row)))
  const going = open.filter((row) => fateOf(row) === 'delete')
  const bytes = going.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0)
  const all = going.length === open.length ? 'delete' : going.length === 0 ? 'keep' : undefined
  if (rows.length === 0) return <p>They have no disks of their own.</p>
  return (
    <div className="bulkdisks">
      <div className="bulkdiskhead">
        <span>
          {going.length === 0
            ? 'Every disk stays'
            : `${formatCount(going.length)} of ${countText(rows.length, 'disk')} ${going.length === 1 ? 'goes' : 'go'}, ${bytesText(bytes)}`}
        </span>
        <Segmented
          label="All disks"
          value={all}
          onValueChange={(fate: Fate) => onChange(new Map(open.map(({ uid }) => [uid, fate])))}
          options={[
            { value: 'delete', label: 'Delete all' },
            { value: 'keep', label: 'Keep all' },
          ]}
        />
      </div>
      <ul className="bulklist" aria-label="Disks">
        {rows.slice(0, LISTED).map((row) => (
          <li key={row.uid}>
            <span>
              <Bdi>{row.name}</Bdi>{' '}
              <span className="dim">
                {[row.sizeBytes !== undefined && bytesText(row.sizeBytes), row.vms?.join(', ')].filter(Boolean).join(' · ')}
              </span>
            </span>
            {isShared(row) ? (
              <small>Shared: always kept</small>
            ) : (
              <Segmented
                label={row.name}
                value={fateOf(row)}
                onValueChange={(fate: Fate) => onChange(new Map([...fates, [row.uid, fate]]))}
                options={fateOptions}
              />
            )}
          </li>
        ))}
        {rows.length > LISTED && (
          <li className="dim">and {formatCount(rows.length - LISTED)} more, as they would be without a choice here</li>
        )}
      </ul>
    </div>
  )
}
