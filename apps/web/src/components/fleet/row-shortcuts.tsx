// The keys of one row: its verbs while the cursor stands on it.
import { useShortcut } from '../../stores/shortcuts.ts'
import { toast } from '../../stores/toasts.ts'
import type { Action } from '../action.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'

type CursorProps<R extends FleetRow> = { kind: FleetKind<R>; row: R; onMenu: (row: R, open: boolean) => void }

/** The row itself is followed: its verbs are those of its state now. */
export function CursorActions<R extends FleetRow>({ kind, row: at, onMenu }: CursorProps<R>) {
  const { useRow = itself } = kind
  const row = useRow(at)
  return row ? <RowShortcuts kind={kind} row={row} onMenu={onMenu} /> : null
}

const itself = <R,>(row: R): R | undefined => row
const noActions = (): Action[] => []

function RowShortcuts<R extends FleetRow>({ kind, row, onMenu }: CursorProps<R>) {
  const { useActions = noActions } = kind
  const actions = useActions(row)
  useShortcut('.', { label: 'Actions', group: 'List', run: () => onMenu(row, true) })
  return actions.filter(({ shortcut }) => shortcut).map((action) => <ActionShortcut key={action.id} action={action} name={row.name} />)
}

function ActionShortcut({ action, name }: { action: Action; name: string }) {
  const { id, label, shortcut = '', disabled, run } = action
  const verb = label.replace('…', '')
  useShortcut(shortcut, {
    label: verb,
    group: 'List',
    run: () => (disabled ? toast.failed(`${id} ${name}`, `${verb}: not possible for ${name}`, disabled) : void run()),
  })
  return null
}
