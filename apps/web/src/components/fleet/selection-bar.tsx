// The bar over the rows' end while some of a list are selected: how many, what can be done with them, and a way out.
import { useEffect } from 'react'
import type { ReactNode } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { CloseIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import type { FleetRow } from './fleet-kind.ts'
import { naturalKey, sortRows } from './order.ts'
import { nothing, remaining, select, useSelection } from './selection.ts'

/**
 * Those of a fleet's rows that are selected, by name. What has gone is selected no more; except while a dialog is open
 * that may have made it go and still has to say so.
 */
export function useSelected<R extends FleetRow>(all: readonly R[], dialogOpen: boolean): R[] {
  const selection = useSelection()
  useEffect(() => {
    const left = dialogOpen ? selection : remaining(selection, all)
    if (left !== selection) select(left)
  }, [selection, all, dialogOpen])
  return sortRows(
    all.filter(({ uid }) => selection.uids.has(uid)),
    ({ name }) => naturalKey(name),
  )
}

/** After a bulk dialog: what failed or was not begun stays selected; without a run, everything does. */
export function selectUnfinished(unfinished: ReadonlySet<string> | undefined): void {
  if (unfinished) select({ uids: unfinished })
}

type SelectionBarProps = {
  count: number
  /** `VMs`. */
  many: string
  /** What can be done with them: buttons. */
  children: ReactNode
}

export function SelectionBar({ count, many, children }: SelectionBarProps) {
  if (count === 0) return null
  return (
    <div className="bulk" role="toolbar" aria-label={`Actions for the selected ${many}`}>
      <b>{formatCount(count)} selected</b>
      {children}
      <span className="vsep" />
      <IconButton label="Clear selection" shortcut="Esc" icon={CloseIcon} small onClick={() => select(nothing)} />
    </div>
  )
}
