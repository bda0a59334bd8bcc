import { Menu } from '@base-ui/react/menu'
import type { VmRow } from '@virtdeck/kubevirt'
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
import { useColumnChoice } from './column-choice.ts'
import type { ColumnId } from './column-choice.ts'
import { listSearch } from './list-search.ts'
import { useSavedViews, type SavedView } from './saved-views.ts'
import { vmCsv } from './vm-csv.ts'
import { formatSort, parseSort } from './vm-sort.ts'
import type { Sort } from './vm-sort.ts'

type ViewsMenuProps = {
  query: string
  sort: Sort
  /** What the list shows, for export. */
  rows: readonly VmRow[]
  shown: readonly ColumnId[]
}

/** Searches that were given a name, and the list as a file. */
export default function ViewsMenu({ query, sort, rows, shown }: ViewsMenuProps) {
  const { views, remove } = useSavedViews()
  const [naming, setNaming] = useState(false)
  const navigate = useNavigate()
  const { choose } = useColumnChoice()

  function open(view: SavedView) {
    choose(view.columns, view.compact)
    void navigate({ search: listSearch(new URLSearchParams(), { q: view.query, sort: parseSort(view.sort ?? null) }) })
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
                          <Menu.Item key={name} className="mi" label={name} onClick={() => remove(name)}>
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
                onClick={() => download(new Blob([vmCsv(rows, shown)], { type: 'text/csv;charset=utf-8' }), 'virtual-machines.csv')}
              >
                <IconMark icon={DownloadIcon} />
                <span className="tl">Export as CSV</span>
                <em>{formatCount(rows.length)}</em>
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      {naming && <SaveDialog query={query} sort={sort} onClose={() => setNaming(false)} />}
    </>
  )
}

const formId = 'save-view'

function SaveDialog({ query, sort, onClose }: { query: string; sort: Sort; onClose: () => void }) {
  const { views, save } = useSavedViews()
  const { choice, compact } = useColumnChoice()
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
          save({ name: name.trim(), query, sort: formatSort(sort), columns: choice, compact })
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
