import { Menu } from '@base-ui/react/menu'
import { useSyncExternalStore } from 'react'
import type { ReactElement } from 'react'
import { Bdi } from '../../ui/bdi.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronRightIcon, RestartIcon, TagIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'
import { useChangeLooks, useListEntry, useListLooks, usualLooks, withColumn, withLabel } from './columns.ts'
import type { LooksChange } from './columns.ts'
import { CheckMark } from './check-mark.tsx'
import { labelColumnId, labelKeyOf } from './fleet-kind.ts'
import type { Beside, FleetKind, FleetRow } from './fleet-kind.ts'
import { labelNames } from './suggest.ts'

/** More names than these nobody reads through: the most common ones are there. */
const LABELS = 40

type ColumnsMenuProps<R extends FleetRow> = {
  trigger: ReactElement
  kind: FleetKind<R>
  shown: readonly string[]
  /** Whose labels can be columns. */
  rows: readonly R[]
}

/** Which columns there are, those of labels too, and how close the rows stand; kept in this browser, but for a view's. */
export function ColumnsMenu<R extends FleetRow>({ trigger, kind, shown, rows }: ColumnsMenuProps<R>) {
  const { compact } = useListLooks(kind.id)
  const change = useChangeLooks(kind.id)
  const ofView = useListEntry().looks !== undefined
  return (
    <Menu.Root modal={false} defaultOpen>
      <Menu.Trigger render={trigger} />
      <Menu.Portal>
        <Menu.Backdrop className="menu-shade" />
        <Menu.Positioner className="menu-pos" side="bottom" align="end" sideOffset={4} collisionPadding={8}>
          <Menu.Popup tabIndex={0} className="menu picklist" aria-label="Columns">
            {kind.columns.slice(1).map(({ id, title }) => (
              <Toggle key={id} label={title} checked={shown.includes(id)} onCheckedChange={(checked) => change(withColumn(id, checked))} />
            ))}
            {kind.beside && <Problem of={kind.beside} />}
            {kind.labels && <LabelColumns kind={kind} shown={shown} rows={rows} onChange={change} />}
            <Menu.Separator render={<hr />} />
            <Toggle
              label="Compact rows"
              checked={compact}
              onCheckedChange={(checked) => change((looks) => ({ ...looks, compact: checked }))}
            />
            {ofView && <p className="dim none">These are a view’s. What you change here is kept once you save the view again.</p>}
            <Menu.Separator render={<hr />} />
            <Menu.Item className="mi" label="Reset to default" closeOnClick={false} onClick={() => change(usualLooks)}>
              <IconMark icon={RestartIcon} />
              Reset to default
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

/** Why some of the columns are empty. */
function Problem({ of: { subscribe, problem } }: { of: Beside }) {
  const text = useSyncExternalStore(subscribe, problem)
  return text === undefined ? null : <p className="dim none">{text}</p>
}

type LabelsProps<R extends FleetRow> = Omit<ColumnsMenuProps<R>, 'trigger'> & { onChange: (change: LooksChange) => void }

function LabelColumns<R extends FleetRow>(props: LabelsProps<R>) {
  return (
    <Menu.SubmenuRoot>
      <Menu.SubmenuTrigger className="mi" label="Labels">
        <IconMark icon={TagIcon} />
        <span className="tl">Labels</span>
        <IconMark icon={ChevronRightIcon} />
      </Menu.SubmenuTrigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-pos" collisionPadding={8}>
          <Menu.Popup tabIndex={0} className="menu picklist" aria-label="Labels">
            <LabelNames {...props} />
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.SubmenuRoot>
  )
}

function LabelNames<R extends FleetRow>({ kind, shown, rows, onChange }: LabelsProps<R>) {
  const names = kind.labels ? labelNames(rows, kind.labels) : new Map<string, { count: number }>()
  const common = [...names].toSorted(([, a], [, b]) => b.count - a.count).slice(0, LABELS)
  // What is shown can be put away, also where no row has it any more.
  const gone = shown.flatMap((id) => labelKeyOf(id) ?? []).filter((key) => !common.some(([name]) => name === key))
  const all = [...gone.map((key): [string, { count: number }] => [key, { count: 0 }]), ...common].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (all.length === 0) return <p className="dim none">None of these has a label.</p>
  return all.map(([name, { count }]) => (
    <Toggle
      key={name}
      label={name}
      count={count}
      checked={shown.includes(labelColumnId(name))}
      onCheckedChange={(checked) => onChange(withLabel(name, checked))}
    />
  ))
}

type ToggleProps = { label: string; count?: number; checked: boolean; onCheckedChange: (checked: boolean) => void }

function Toggle({ label, count, checked, onCheckedChange }: ToggleProps) {
  return (
    <Menu.CheckboxItem className="mi" label={visibleText(label)} checked={checked} onCheckedChange={onCheckedChange}>
      <CheckMark checked={checked} />
      <Bdi className="tl">{label}</Bdi>
      {count !== undefined && <em>{formatCount(count)}</em>}
    </Menu.CheckboxItem>
  )
}
