import { useRef, useState } from 'react'
import type { KeyboardEvent, ReactNode } from 'react'
import { IconMark } from './icon.tsx'
import type { Icon } from './icon.tsx'
import { ChevronDownIcon, ChevronRightIcon } from './icons.ts'
import { Bdi } from './bdi.tsx'
import { formatCount } from '../util/format.ts'

export type TreeNode = {
  id: string
  label: string
  icon?: Icon
  /** VMs below it; a VM itself has none. */
  count?: number
  failing?: number
  warnings?: number
  /** Something at the right of the label: a state. */
  note?: ReactNode
  children?: readonly TreeNode[]
}

type TreeNavProps = {
  label: string
  nodes: readonly TreeNode[]
  selected?: string
  collapsed: ReadonlySet<string>
  onToggle: (id: string) => void
  onSelect: (id: string) => void
}

type Visible = { node: TreeNode; level: number; parent?: string; position: number; of: number }

function flatten(nodes: readonly TreeNode[], collapsed: ReadonlySet<string>, level = 0, parent?: string): Visible[] {
  return nodes.flatMap((node, index) => [
    { node, level, parent, position: index + 1, of: nodes.length },
    ...(node.children && !collapsed.has(node.id) ? flatten(node.children, collapsed, level + 1, node.id) : []),
  ])
}

/** A tree with the keys of the ARIA pattern: one tab stop, arrows move, Right opens, Left closes or goes up, Enter selects. */
export function TreeNav({ label, nodes, selected, collapsed, onToggle, onSelect }: TreeNavProps) {
  const rows = flatten(nodes, collapsed)
  const [focused, setFocused] = useState<string>()
  const elements = useRef(new Map<string, HTMLElement>())
  const tabStop = [focused, selected].find((id) => rows.some(({ node }) => node.id === id)) ?? rows[0]?.node.id

  function focus(id: string | undefined) {
    if (id === undefined) return
    setFocused(id)
    elements.current.get(id)?.focus()
  }

  function keydown(event: KeyboardEvent, index: number) {
    const row = rows[index]
    if (!row || event.ctrlKey || event.altKey || event.metaKey) return
    const { node, parent } = row
    const open = node.children && !collapsed.has(node.id)
    const acts: Record<string, () => void> = {
      ArrowDown: () => focus(rows[index + 1]?.node.id),
      ArrowUp: () => focus(rows[index - 1]?.node.id),
      Home: () => focus(rows[0]?.node.id),
      End: () => focus(rows.at(-1)?.node.id),
      ArrowRight: () => (open ? focus(rows[index + 1]?.node.id) : node.children && onToggle(node.id)),
      ArrowLeft: () => (open ? onToggle(node.id) : focus(parent)),
      Enter: () => onSelect(node.id),
      ' ': () => onSelect(node.id),
    }
    const act = acts[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  return (
    <ul role="tree" aria-label={label}>
      {rows.map(({ node, level, position, of }, index) => (
        <li
          key={node.id}
          ref={(element) => {
            if (element) elements.current.set(node.id, element)
            else elements.current.delete(node.id)
          }}
          role="treeitem"
          aria-level={level + 1}
          aria-posinset={position}
          aria-setsize={of}
          aria-expanded={node.children ? !collapsed.has(node.id) : undefined}
          aria-selected={node.id === selected}
          aria-label={describe(node)}
          tabIndex={node.id === tabStop ? 0 : -1}
          onFocus={() => setFocused(node.id)}
          onKeyDown={(event) => keydown(event, index)}
          onClick={() => onSelect(node.id)}
        >
          <div className={node.id === selected ? 'trow on' : 'trow'} style={{ '--l': level } as React.CSSProperties} title={node.label}>
            <Twisty node={node} open={!collapsed.has(node.id)} onToggle={onToggle} />
            {node.icon && <IconMark icon={node.icon} />}
            <Bdi className="tl">{node.label}</Bdi>
            {node.note}
            {node.failing ? <span className="tf error">{node.failing}</span> : null}
            {!node.failing && node.warnings ? <span className="tf warning">{node.warnings}</span> : null}
            {node.count !== undefined && <span className="tn">{formatCount(node.count)}</span>}
          </div>
        </li>
      ))}
    </ul>
  )
}

/** For the pointer; the keyboard has its arrows. */
function Twisty({ node, open, onToggle }: { node: TreeNode; open: boolean; onToggle: (id: string) => void }) {
  return (
    <span
      className="tw"
      aria-hidden="true"
      onClick={(event) => {
        if (!node.children) return
        event.stopPropagation()
        onToggle(node.id)
      }}
    >
      {node.children && <IconMark icon={open ? ChevronDownIcon : ChevronRightIcon} />}
    </span>
  )
}

function describe({ label, count, failing, warnings }: TreeNode): string {
  const parts = count === undefined ? [label] : [label, `${count} ${count === 1 ? 'VM' : 'VMs'}`]
  if (failing) parts.push(`${failing} failing`)
  if (warnings) parts.push(`${warnings} with warnings`)
  return parts.join(', ')
}
