import { Menu } from '@base-ui/react/menu'
import { Button } from '../../ui/button.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ColumnsIcon, RestartIcon } from '../../ui/icons.ts'
import { columnIds, useColumnChoice } from './column-choice.ts'
import type { ColumnId } from './column-choice.ts'
import { CheckMark } from './facet-bar.tsx'
import { columns } from './vm-columns.tsx'

/** Which columns there are, and how close the rows stand; kept in this browser. */
export function ColumnsMenu({ shown }: { shown: readonly ColumnId[] }) {
  const { compact, show, setCompact, reset } = useColumnChoice()
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger render={<Button icon={ColumnsIcon} />}>Columns</Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-pos" side="bottom" align="end" sideOffset={4} collisionPadding={8}>
          <Menu.Popup className="menu picklist" aria-label="Columns">
            {columnIds
              .filter((id) => id !== 'name')
              .map((id) => (
                <Menu.CheckboxItem
                  key={id}
                  className="mi"
                  label={columns[id].title}
                  checked={shown.includes(id)}
                  onCheckedChange={(checked) => show(id, checked)}
                >
                  <CheckMark checked={shown.includes(id)} />
                  {columns[id].title}
                </Menu.CheckboxItem>
              ))}
            <Menu.Separator render={<hr />} />
            <Menu.CheckboxItem className="mi" label="Compact rows" checked={compact} onCheckedChange={setCompact}>
              <CheckMark checked={compact} />
              Compact rows
            </Menu.CheckboxItem>
            <Menu.Separator render={<hr />} />
            <Menu.Item className="mi" label="Reset to default" closeOnClick={false} onClick={reset}>
              <IconMark icon={RestartIcon} />
              Reset to default
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
