import { Dialog as Base } from '@base-ui/react/dialog'
import { useDeferredValue, useId, useState } from 'react'
import type { KeyboardEvent, ReactNode } from 'react'
import { useExplain } from '../ui/explain.ts'
import { IconMark } from '../ui/icon.tsx'
import type { Icon } from '../ui/icon.tsx'
import { SearchIcon } from '../ui/icons.ts'
import { Kbd, Keys } from '../ui/kbd.tsx'
import { matchText } from '../util/match-text.ts'

type PaletteItem = {
  id: string
  label: string
  /** Dim words at the right: a namespace, a state, what it does. */
  detail?: string
  icon?: Icon
  shortcut?: string
  /** Why it is impossible now. */
  disabled?: string
  run: () => void | Promise<void>
}

export type PaletteGroup = {
  title: string
  items: readonly PaletteItem[]
  /** How many to show at most. */
  limit?: number
  /** Shown only once something is typed. */
  onDemand?: boolean
}

type CommandPaletteProps = {
  groups: readonly PaletteGroup[]
  /** The object that the first group's actions are about, as a chip before the words. */
  subject?: string
  /** What was typed while this code was on its way. */
  initialText: string
  onDropSubject: () => void
  onClose: () => void
}

type Hit = { item: PaletteItem; ranges: readonly (readonly [number, number])[]; score: number }

/** One box for VMs, pages and actions. */
export default function CommandPalette({ groups, subject, initialText, onDropSubject, onClose }: CommandPaletteProps) {
  const [text, setText] = useState(initialText)
  const query = useDeferredValue(text.trim())
  const [active, setActive] = useState(0)
  const listId = useId()
  const explain = useExplain()

  const found = groups.map((group) => ({ title: group.title, hits: search(group, query) })).filter(({ hits }) => hits.length > 0)
  const flat = found.flatMap(({ hits }) => hits)
  const current = flat[Math.min(active, flat.length - 1)]

  function choose(item: PaletteItem) {
    const explained = explain(item.disabled)
    if (item.disabled && !explained) return
    onClose()
    if (explained) explained()
    else void item.run()
  }

  function keydown(event: KeyboardEvent) {
    const last = flat.length - 1
    const steps: Record<string, () => void> = {
      ArrowDown: () => setActive(active >= last ? 0 : active + 1),
      ArrowUp: () => setActive(active <= 0 ? last : active - 1),
      Home: () => setActive(0),
      End: () => setActive(last),
      Enter: () => current && choose(current.item),
    }
    const step =
      subject !== undefined && event.key === 'Tab'
        ? onDropSubject
        : event.key === 'Backspace' && text === '' && subject
          ? onDropSubject
          : steps[event.key]
    if (!step || event.nativeEvent.isComposing) return
    event.preventDefault()
    step()
  }

  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Viewport className="scrim top">
          <Base.Popup className="dialog pal" aria-label="Command palette">
            <label className="palq">
              <IconMark icon={SearchIcon} />
              {subject !== undefined && <span className="chip">{subject}</span>}
              <input
                role="combobox"
                aria-label="Go to a VM, page or action"
                aria-expanded="true"
                aria-controls={listId}
                aria-activedescendant={current && optionId(listId, current.item)}
                autoComplete="off"
                spellCheck={false}
                value={text}
                onChange={({ target }) => {
                  setText(target.value)
                  setActive(0)
                }}
                onKeyDown={keydown}
              />
              <Kbd>Esc</Kbd>
            </label>
            <div className="pall" id={listId} role="listbox" aria-label="Results">
              {found.map(({ title, hits }) => (
                <div key={title} role="group" aria-label={title}>
                  <h3 aria-hidden="true">{title}</h3>
                  {hits.map((hit) => (
                    <Option
                      key={hit.item.id}
                      id={optionId(listId, hit.item)}
                      hit={hit}
                      active={hit === current}
                      onPoint={() => setActive(flat.indexOf(hit))}
                      onChoose={() => choose(hit.item)}
                    />
                  ))}
                </div>
              ))}
              {flat.length === 0 && <p className="none">Nothing has “{query}” in its name.</p>}
            </div>
            <span className="sr" role="status">
              {query === '' ? '' : `${flat.length} ${flat.length === 1 ? 'result' : 'results'}`}
            </span>
            <footer>
              <span>
                <Kbd>↑</Kbd>
                <Kbd>↓</Kbd> move
              </span>
              <span>
                <Kbd>Enter</Kbd> do
              </span>
              {subject !== undefined && (
                <span>
                  <Kbd>Tab</Kbd> drop {subject}
                </span>
              )}
            </footer>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}

const optionId = (listId: string, item: PaletteItem) => `${listId}-${item.id}`

type OptionProps = { id: string; hit: Hit; active: boolean; onPoint: () => void; onChoose: () => void }

function Option({ id, hit: { item, ranges }, active, onPoint, onChoose }: OptionProps) {
  return (
    <div
      id={id}
      ref={active ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
      role="option"
      aria-selected={active}
      aria-disabled={item.disabled ? true : undefined}
      className={active ? 'mi on' : 'mi'}
      onPointerMove={active ? undefined : onPoint}
      onClick={onChoose}
    >
      {item.icon && <IconMark icon={item.icon} />}
      <span className="nowrap">{highlighted(item.label, ranges)}</span>
      <span className="dim pd">{item.disabled ?? item.detail}</span>
      {item.shortcut && <Keys keys={item.shortcut} />}
    </div>
  )
}

function search({ items, limit = 6, onDemand }: PaletteGroup, query: string): Hit[] {
  if (query === '') return onDemand ? [] : items.slice(0, limit).map((item) => ({ item, ranges: [], score: 0 }))
  const hits: Hit[] = []
  for (const item of items) {
    const match = matchText(item.label, query)
    if (match) hits.push({ item, ...match })
  }
  return hits.sort((a, b) => b.score - a.score).slice(0, limit)
}

function highlighted(label: string, ranges: Hit['ranges']): ReactNode {
  let end = 0
  const parts: ReactNode[] = []
  for (const [from, to] of ranges) {
    parts.push(label.slice(end, from), <u key={from}>{label.slice(from, to)}</u>)
    end = to
  }
  return [...parts, label.slice(end)]
}
