// The verbs of the page's VM: at most five as buttons, in a fixed order, and all of them in the menu.
import type { VmRow } from '@virtdeck/kubevirt'
import type { Action } from '../../components/action.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { MoreIcon } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import type { VmActionId } from '../../components/vm/vm-verbs.ts'

/** Of Start and Stop, the one that the VM can do; Stop where it can do neither. */
const startOrStop = (actions: readonly Action[]): VmActionId =>
  byId(actions, 'stop')?.disabled && !byId(actions, 'start')?.disabled ? 'start' : 'stop'

const byId = (actions: readonly Action[], id: VmActionId) => actions.find((action) => action.id === id)

/** A bar has less room than a menu. */
const shortLabels: Partial<Record<VmActionId, string>> = { vnc: 'Console', snapshot: 'Snapshot…' }

/** `primary` is the one verb that this view is for; where one stands is not where one wants to go. */
export function VerbBar({ row, tab, primary }: { row: VmRow; tab: string; primary: VmActionId | undefined }) {
  const actions = useVmActions(row)
  const ids: VmActionId[] = ['vnc', startOrStop(actions), 'restart', 'migrate', 'snapshot']
  const hidden = tab === 'console' ? 'vnc' : undefined
  return (
    <div className="verbs">
      {ids.map((id) => id !== hidden && <VerbButton key={id} actions={actions} id={id} primary={id === primary} />)}
      <MoreMenu actions={actions} name={row.name} />
    </div>
  )
}

/** On a phone the verbs stand at the bottom, in reach of the thumb. */
export function PhoneVerbBar({ row }: { row: VmRow }) {
  const actions = useVmActions(row)
  const ids: VmActionId[] = ['vnc', startOrStop(actions), 'restart']
  return (
    <div className="pbar phone" role="toolbar" aria-label={`Actions for ${row.name}`}>
      {ids.map((id) => (
        <VerbButton key={id} actions={actions} id={id} primary={id === 'vnc'} />
      ))}
      <MoreMenu actions={actions} name={row.name} />
    </div>
  )
}

function VerbButton({ actions, id, primary }: { actions: readonly Action[]; id: VmActionId; primary: boolean }) {
  const action = byId(actions, id)
  if (!action) return null
  return (
    <Button
      variant={primary && !action.disabled ? 'primary' : 'secondary'}
      icon={action.icon}
      disabledReason={action.disabled}
      onClick={() => void action.run()}
    >
      {(primary && id === 'snapshot') || !shortLabels[id] ? action.label : shortLabels[id]}
    </Button>
  )
}

function MoreMenu({ actions, name }: { actions: readonly Action[]; name: string }) {
  return <Menu actions={actions} label={`Actions for ${name}`} trigger={<IconButton icon={MoreIcon} label="More actions" bordered />} />
}
