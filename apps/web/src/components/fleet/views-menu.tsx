import { Menu } from '@base-ui/react/menu'
import { useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronRightIcon, DownloadIcon, PinIcon, PlusIcon, TrashIcon } from '../../ui/icons.ts'
import { TextInput } from '../../ui/text-input.tsx'
import { download } from '../../util/download.ts'
import { formatCount } from '../../util/format.ts'
import { setLooks, useListLooks } from './columns.ts'
import { fleetCsv } from './csv.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { listSearch } from './list-search.ts'
import { formatOrder } from './order.ts'
import type { Order } from './order.ts'
import { removeView, saveView, useSavedViews } from './saved-views.ts'
import type { SavedView } from './saved-views.ts'

type ViewsMenuProps<R extends FleetRow> = {
  kind: FleetKind<R>
  query: string
  order: Order
  /** What the list shows, for export. */
  rows: readonly R[]
  shown: readonly string[]
}

/** Searches that were given a name, and the list as a file. */
export default function ViewsMenu<R extends FleetRow>({ kind, query, order, rows, shown }: ViewsMenuProps<R>) {
  const views = useSavedViews(kind.id)
  const [naming, setNaming] = useState(false)
  const navigate = useNavigate()

  function open({ columns, compact, query: q, sort = '' }: SavedView) {
    setLooks(kind.id, () => ({ columns, compact }))
    void navigate({ search: listSearch(new URLSearchParams(), { q, sort }) })
  }

  return (
    <>
      <Menu.Root modal={false}>
        <Menu.Trigger render={<Button icon={PinIcon} caret />}>Views</Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className="menu-pos" side="bottom" align="end" sideOffset={4} collisionPadding={8}>
            <Menu.Popup className="menu picklist" aria-label="Views">
              {views.map((view) => (
                <Menu.Item key={view.name} className="mi" label={view.name} onClick={() => open(view)} title={view.query}>
                  <IconMark icon={PinIcon} />
                  <span className="tl">{view.name}</span>
                </Menu.Item>
              ))}
              {views.length === 0 && <p className="dim none">A view is a search with its order and columns, under a name.</p>}
              <Menu.Separator render={<hr />} />
              <Menu.Item className="mi" label="Save this view" onClick={() => setNaming(true)}>
                <IconMark icon={PlusIcon} />
                Save this view…
              </Menu.Item>
              {views.length > 0 && (
                <Menu.SubmenuRoot>
                  <Menu.SubmenuTrigger className="mi" label="Remove a view">
                    <IconMark icon={TrashIcon} />
                    <span className="tl">Remove a view</span>
                    <IconMark icon={ChevronRightIcon} />
                  </Menu.SubmenuTrigger>
                  <Menu.Portal>
                    <Menu.Positioner className="menu-pos" collisionPadding={8}>
                      <Menu.Popup className="menu picklist" aria-label="Remove a view">
                        {views.map(({ name }) => (
                          <Menu.Item key={name} className="mi" label={name} onClick={() => removeView(kind.id, name)}>
                            {name}
                          </Menu.Item>
                        ))}
                      </Menu.Popup>
                    </Menu.Positioner>
                  </Menu.Portal>
                </Menu.SubmenuRoot>
              )}
              <Menu.Separator render={<hr />} />
              <Menu.Item
                className="mi"
                label="Export as CSV"
                disabled={rows.length === 0}
                onClick={() => download(new Blob([fleetCsv(kind, rows, shown)], { type: 'text/csv;charset=utf-8' }), `${kind.id}.csv`)}
              >
                <IconMark icon={DownloadIcon} />
                <span className="tl">Export as CSV</span>
                <em>{formatCount(rows.length)}</em>
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      {naming && <SaveDialog kindId={kind.id} query={query} sort={formatOrder(order, kind.order)} onClose={() => setNaming(false)} />}
    </>
  )
}

const formId = 'save-view'

type SaveDialogProps = { kindId: string; query: string; sort: string | undefined; onClose: () => void }

function SaveDialog({ kindId, query, sort, onClose }: SaveDialogProps) {
  const views = useSavedViews(kindId)
  const looks = useListLooks(kindId)
  const [name, setName] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const replaces = views.some((view) => view.name === name.trim())

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
      <p>The search, the order and the columns are kept in this browser.</p>
      <form
        id={formId}
        onSubmit={(event) => {
          event.preventDefault()
          if (!name.trim()) return
          saveView(kindId, { ...looks, name: name.trim(), query, sort })
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
