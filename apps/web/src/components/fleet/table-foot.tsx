// Below a list's table: which of the rows are in sight, how many are selected, what is not up to date, and the keys.
import { memo, useSyncExternalStore } from 'react'
import { Keys } from '../../ui/kbd.tsx'
import { formatCount } from '../../util/format.ts'
import type { Beside } from './fleet-kind.ts'
import { useSelection } from './selection.ts'

type TableFootProps = {
  /** The first row in sight and the one after the last, in rows from the top; fractions are parts of a row. */
  top: number
  bottom: number
  rowCount: number
  /** Undefined where the list is not grouped. */
  groupCount: number | undefined
  beside: Beside | undefined
  selectable: boolean
  /** Whether rows have verbs. */
  actions: boolean
}

export function TableFoot({ top, bottom, rowCount, groupCount, beside, selectable, actions }: TableFootProps) {
  return (
    <footer className="tablefoot desk">
      {groupCount === undefined ? (
        <span>
          <b>
            {formatCount(Math.min(rowCount, Math.round(top) + 1))}–{formatCount(Math.min(rowCount, Math.floor(bottom)))}
          </b>{' '}
          of <b>{formatCount(rowCount)}</b>
        </span>
      ) : (
        <span>
          <b>{formatCount(rowCount)}</b> in <b>{formatCount(groupCount)}</b> {groupCount === 1 ? 'group' : 'groups'}
        </span>
      )}
      <SelectedCount />
      {beside && <Note of={beside} />}
      <span className="grow" />
      <Hints selectable={selectable} actions={actions} />
    </footer>
  )
}

function Note({ of: { subscribe, note } }: { of: Beside }) {
  const text = useSyncExternalStore(subscribe, note)
  return text === undefined ? null : <span role="status">{text}</span>
}

function SelectedCount() {
  const count = useSelection(({ uids }) => uids.size)
  return count > 0 ? <span>{formatCount(count)} selected</span> : null
}

const Hints = memo(function Hints({ selectable, actions }: { selectable: boolean; actions: boolean }) {
  return (
    <>
      <Hint keys="j k">move</Hint>
      {selectable && <Hint keys="x">select</Hint>}
      <Hint keys="Enter">open</Hint>
      {actions && <Hint keys=".">actions</Hint>}
      <Hint keys="/">search</Hint>
      <Hint keys="?">all keys</Hint>
    </>
  )
})

function Hint({ keys, children }: { keys: string; children: string }) {
  return (
    <span>
      <Keys keys={keys} /> {children}
    </span>
  )
}
