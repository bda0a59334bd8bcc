import { Menu } from '@base-ui/react/menu'
import { useRef, useState } from 'react'
import type { ReactNode } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { Bdi } from '../../ui/bdi.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { IconMark } from '../../ui/icon.tsx'
import type { Icon } from '../../ui/icon.tsx'
import { CheckIcon, ChevronRightIcon, DownloadIcon, EditIcon, GroupIcon, MenuIcon, PinIcon, PlusIcon, UpDownIcon } from '../../ui/icons.ts'
import { TextInput } from '../../ui/text-input.tsx'
import { download } from '../../util/download.ts'
import { formatCount } from '../../util/format.ts'
import { useListEntry, useListLooks } from './columns.ts'
import type { ListEntry } from './columns.ts'
import { fleetCsv, selectedOf } from './csv.ts'
import { columnOf } from './fleet-kind.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { setFolded } from './group-row.tsx'
import { groupName } from './groups.ts'
import { isBare, listSearch } from './list-search.ts'
import { ManageViews } from './manage-views.tsx'
import { formatOrder, nextOrder } from './order.ts'
import { changeViews, isSameView, useSavedViews, viewEntry, viewSearch, withView } from './saved-views.ts'
import type { SavedView } from './saved-views.ts'
import { useSelection } from './selection.ts'
import type { ListState } from './use-list-state.ts'

type ViewsMenuProps<R extends FleetRow> = {
  trigger: React.ReactElement
  kind: FleetKind<R>
  list: ListState
  /** What the list shows, for export. */
  rows: readonly R[]
  /** The same and what the search hides, which may be selected too. */
  all: readonly R[]
  shown: readonly string[]
  /** Of all rows: on phones, where no title counts them and no column's head sorts them. */
  total?: number | undefined
}

/** Searches that were given a name, what the list is grouped by, and the list as a file. */
export function ViewsMenu<R extends FleetRow>({ trigger, kind, list, rows, all, shown, total }: ViewsMenuProps<R>) {
  const views = useSavedViews(kind.id)
  const { columns, compact } = useListLooks(kind.id)
  const entry = useListEntry()
  const [dialog, setDialog] = useState<'save' | 'manage'>()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const now: SavedView = { name: '', query: list.query, sort: formatOrder(list.order, kind.order), group: list.group, columns, compact }
  const whole = isBare(search) && !entry.looks

  const { uids } = useSelection()
  const selected = uids.size > 0 ? selectedOf(uids, rows, all).length : 0

  function exportCsv(only?: ReadonlySet<string>) {
    const inOrder = list.group === undefined ? rows : kind.groups(rows, list.group).flatMap((group) => group.rows)
    download(
      new Blob([fleetCsv(kind, only ? selectedOf(only, inOrder, all) : inOrder, shown)], { type: 'text/csv;charset=utf-8' }),
      `${kind.id}.csv`,
    )
  }

  return (
    <>
      <Menu.Root modal={false} defaultOpen>
        <Menu.Trigger render={trigger} />
        <Menu.Portal>
          <Menu.Backdrop className="menu-shade" />
          <Menu.Positioner className="menu-pos" side="bottom" align="end" sideOffset={4} collisionPadding={8}>
            <Menu.Popup tabIndex={0} className="menu picklist" aria-label="Views">
              {total !== undefined && <p className="dim none">{countWords(kind, rows.length, total)}</p>}
              {views.length > 0 && (
                <Menu.Item
                  className="mi"
                  label={`All ${kind.many}`}
                  onClick={() =>
                    void navigate(
                      { search: listSearch(search, { q: '', sort: '', group: '' }) },
                      { state: { cleared: true } satisfies ListEntry },
                    )
                  }
                >
                  <IconMark icon={whole ? CheckIcon : MenuIcon} />
                  <span className="tl">All {kind.many}</span>
                </Menu.Item>
              )}
              {views.map((view) => (
                <Menu.Item
                  key={view.name}
                  className="mi"
                  label={view.name}
                  onClick={() => void navigate({ search: viewSearch(view, search) }, { state: viewEntry(view) })}
                  title={view.query}
                >
                  <IconMark icon={!whole && isSameView(view, now) ? CheckIcon : PinIcon} />
                  <Bdi className="tl">{view.name}</Bdi>
                  {view.opens && <em>opens the list</em>}
                </Menu.Item>
              ))}
              {views.length === 0 && <p className="dim none">A view is a search with its order, groups and columns, under a name.</p>}
              <Menu.Separator render={<hr />} />
              <Menu.Item className="mi" label="Save this view" onClick={() => setDialog('save')}>
                <IconMark icon={PlusIcon} />
                Save this view…
              </Menu.Item>
              {views.length > 0 && (
                <Menu.Item className="mi" label="Manage views" onClick={() => setDialog('manage')}>
                  <IconMark icon={EditIcon} />
                  Manage views…
                </Menu.Item>
              )}
              <Menu.Separator render={<hr />} />
              {total !== undefined && <SortMenu kind={kind} list={list} />}
              <GroupMenu kind={kind} list={list} rows={rows} />
              <Menu.Separator render={<hr />} />
              {selected > 0 && (
                <Menu.Item className="mi" onClick={() => exportCsv(uids)}>
                  <IconMark icon={DownloadIcon} />
                  <span className="tl">Export {formatCount(selected)} selected as CSV</span>
                </Menu.Item>
              )}
              <Menu.Item className="mi" label="Export as CSV" disabled={rows.length === 0} onClick={() => exportCsv()}>
                <IconMark icon={DownloadIcon} />
                <span className="tl">Export as CSV</span>
                <em>{formatCount(rows.length)}</em>
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      {dialog === 'save' && (
        <SaveDialog kindId={kind.id} view={{ ...now, name: entry.looks?.of ?? '' }} onClose={() => setDialog(undefined)} />
      )}
      {dialog === 'manage' && <ManageViews kind={kind} views={views} onClose={() => setDialog(undefined)} />}
    </>
  )
}

/** What the title says where there is room for one. */
function countWords<R extends FleetRow>({ one, many }: FleetKind<R>, shown: number, total: number): string {
  const what = total === 1 ? one : many
  return shown === total ? `${formatCount(total)} ${what}` : `${formatCount(shown)} of ${formatCount(total)} ${what}`
}

/** What the heads of the columns do where there are columns. */
function SortMenu<R extends FleetRow>({ kind, list: { order, orderBy } }: Pick<ViewsMenuProps<R>, 'kind' | 'list'>) {
  return (
    <Submenu icon={UpDownIcon} label="Sort by" now={columnOf(kind, order.column)?.title}>
      <Menu.RadioGroup value={order.column}>
        {kind.columns.map(({ id, title }) => (
          <Choice key={id} value={id} chosen={order.column === id} label={title} onClick={() => orderBy(nextOrder(order, id))}>
            {order.column === id && <em>{order.descending ? 'descending' : 'ascending'}</em>}
          </Choice>
        ))}
      </Menu.RadioGroup>
    </Submenu>
  )
}

type ChoiceProps = { value: string; label: string; chosen: boolean; onClick?: () => void; children?: ReactNode }

function Choice({ value, label, chosen, onClick, children }: ChoiceProps) {
  return (
    <Menu.RadioItem className="mi" value={value} label={label} closeOnClick onClick={onClick}>
      <span className="lead" aria-hidden="true">
        {chosen && <IconMark icon={CheckIcon} />}
      </span>
      <span className="tl">{label}</span>
      {children}
    </Menu.RadioItem>
  )
}

type SubmenuProps = { icon: Icon; label: string; now: string | undefined; children: ReactNode }

function Submenu({ icon, label, now, children }: SubmenuProps) {
  return (
    <Menu.SubmenuRoot>
      <Menu.SubmenuTrigger className="mi" label={label}>
        <IconMark icon={icon} />
        <span className="tl">{label}</span>
        {now && <em>{now}</em>}
        <IconMark icon={ChevronRightIcon} />
      </Menu.SubmenuTrigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-pos" collisionPadding={8}>
          <Menu.Popup tabIndex={0} className="menu picklist" aria-label={label}>
            {children}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.SubmenuRoot>
  )
}

function GroupMenu<R extends FleetRow>({ kind, list: { group, groupBy }, rows }: Pick<ViewsMenuProps<R>, 'kind' | 'list' | 'rows'>) {
  const label = kind.groupings.find(({ key }) => key === group)?.label
  const fold = (all: boolean) =>
    group !== undefined && setFolded(kind.id, group, () => new Set(all ? kind.groups(rows, group).map(groupName) : []))
  return (
    <Submenu icon={GroupIcon} label="Group by" now={label}>
      <Menu.RadioGroup value={group ?? ''} onValueChange={(key: string) => groupBy(key || undefined)}>
        {[{ key: '', label: 'Nothing' }, ...kind.groupings].map(({ key, label: name }) => (
          <Choice key={key} value={key} chosen={(group ?? '') === key} label={name} />
        ))}
      </Menu.RadioGroup>
      {group !== undefined && (
        <>
          <Menu.Separator render={<hr />} />
          <Menu.Item className="mi" label="Fold all groups" onClick={() => fold(true)}>
            <span className="lead" />
            Fold all groups
          </Menu.Item>
          <Menu.Item className="mi" label="Unfold all groups" onClick={() => fold(false)}>
            <span className="lead" />
            Unfold all groups
          </Menu.Item>
        </>
      )}
    </Submenu>
  )
}

const formId = 'save-view'

/** What is to be kept, under the name of the view that is on, if there is one. */
type SaveDialogProps = { kindId: string; view: SavedView; onClose: () => void }

function SaveDialog({ kindId, view, onClose }: SaveDialogProps) {
  const views = useSavedViews(kindId)
  const [name, setName] = useState(view.name)
  const field = useRef<HTMLInputElement>(null)
  const replaces = views.some((other) => other.name === name.trim())

  return (
    <Dialog
      title="Save this view"
      onClose={onClose}
      initialFocus={field}
      footer={
        <>
          <span className="grow" />
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" disabledReason={name.trim() ? undefined : 'Give it a name first.'}>
            {replaces ? 'Replace view' : 'Save view'}
          </Button>
        </>
      }
    >
      <p>The search, the order, the groups and the columns are kept in this browser.</p>
      <form
        id={formId}
        onSubmit={(event) => {
          event.preventDefault()
          if (!name.trim()) return
          changeViews(kindId, (known) => withView(known, { ...view, name: name.trim() }))
          onClose()
        }}
      >
        <Field label="Name">
          <TextInput ref={field} maxLength={60} autoComplete="off" value={name} onChange={({ target }) => setName(target.value)} />
        </Field>
      </form>
    </Dialog>
  )
}
