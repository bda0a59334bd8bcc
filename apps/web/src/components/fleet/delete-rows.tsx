// Deleting objects of a list: the one whose menu was used, or all that are selected.
import { toStatus, type AccessQuestion, type Resource } from '@virtdeck/k8s'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { whyDenied } from '../../api/access.ts'
import { useAccessIn } from '../../api/access-in.ts'
import { k8s } from '../../api/client.ts'
import { Button } from '../../ui/button.tsx'
import { TrashIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import { BulkDialog } from './bulk-dialog.tsx'
import { keyOf } from './fleet-kind.ts'
import type { FleetRow } from './fleet-kind.ts'
import { rowOf, useRowDialog } from './row-dialog.ts'
import { SelectionBar, selectUnfinished, useSelected } from './selection-bar.tsx'

export type Deletable<R> = {
  /** `snapshot`, `snapshots`. */
  one: string
  many: string
  consequence: ReactNode
  /** What a row is an object of; its uid and name are the object's. */
  resourceOf: (row: R) => Pick<Resource<unknown>, 'group' | 'version' | 'plural' | 'kind' | 'namespaced'>
  /** Why a row is left alone; rights apart. */
  wont: (row: R) => string | undefined
  command: (row: R) => string
}

type DeleteRowsProps<R extends FleetRow> = {
  what: Deletable<R>
  rows: readonly R[]
  onClose: (unfinished?: ReadonlySet<string>) => void
}

function DeleteRows<R extends FleetRow>({ what: kind, rows, onClose }: DeleteRowsProps<R>) {
  const [first] = rows
  const { group, plural } = first ? kind.resourceOf(first) : { group: '', plural: '' }
  // Where they are of two resources, the API server answers for the other.
  const question: AccessQuestion = { verb: 'delete', group, resource: plural }
  const access = useAccessIn([...new Set(rows.map(({ namespace = '' }) => namespace))], question)
  const what = (count: number) => (count === 1 ? `1 ${kind.one}` : `${formatCount(count)} ${kind.many}`)
  const judged = rows.map((row) => ({
    row,
    reason: kind.wont(row) ?? (access.allowed(row.namespace ?? '') ? undefined : whyDenied({ ...question, namespace: row.namespace })),
  }))
  const will = judged.filter(({ reason }) => reason === undefined).map(({ row }) => row)
  const [only] = will
  return (
    <BulkDialog
      job={{
        verb: 'Delete',
        what,
        doing: 'Deleting',
        did: 'Deleted',
        danger: true,
        consequence: kind.consequence,
        plan: { will, wont: judged.flatMap(({ row, reason }) => (reason === undefined ? [] : [{ row, reason }])) },
        pending: access.pending,
        // One is read in the list; many are counted.
        phrase: will.length > 1 ? (count) => `delete ${what(count)}` : undefined,
        command: only && will.length === 1 ? kind.command(only) : undefined,
        async run(row) {
          const { namespace, name, uid } = row
          try {
            await k8s.delete(kind.resourceOf(row), { namespace, name }, { uid })
          } catch (error) {
            // Whoever else deleted it did what was asked.
            if (toStatus(error).code !== 404) throw error
          }
          return { kind: 'done' }
        },
      }}
      onClose={onClose}
    />
  )
}

/** The dialog of a row's menu, where the URL names one. */
export function DeleteRowDialog<R extends FleetRow>({ what, rows }: { what: Deletable<R>; rows: readonly R[] }) {
  const { dialog, close } = useRowDialog()
  const row = rowOf(rows, dialog, 'delete')
  // What is deleted leaves the list before its result was read.
  const [shown, setShown] = useState(row)
  if (row && row !== shown) setShown(row)
  if (dialog?.verb !== 'delete' || !shown || keyOf(shown) !== dialog.key) return null
  return <DeleteRows what={what} rows={[shown]} onClose={close} />
}

/** What can be done with the selected rows of a list whose only bulk verb is this. */
export function DeleteBar<R extends FleetRow>({ what, rows: all }: { what: Deletable<R>; rows: readonly R[] }) {
  const [asking, setAsking] = useState<readonly R[]>()
  const rows = useSelected(all, asking !== undefined)
  return (
    <>
      <SelectionBar count={rows.length} many={what.many}>
        <Button size="small" className="dangerlite" icon={TrashIcon} onClick={() => setAsking(rows)}>
          Delete…
        </Button>
      </SelectionBar>
      {asking && (
        <DeleteRows
          what={what}
          rows={asking}
          onClose={(unfinished) => {
            setAsking(undefined)
            selectUnfinished(unfinished)
          }}
        />
      )}
    </>
  )
}
