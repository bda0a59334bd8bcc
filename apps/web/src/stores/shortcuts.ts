// Keyboard shortcuts: components declare them, one listener acts on them, the keys dialog lists them. Single keys are
// off while a field, a console or a dialog has the focus, and can be switched off altogether.
import { useEffect, useRef } from 'react'
import { useSyncExternalStore } from 'react'
import { usePreferences } from './preferences.ts'

export type Shortcut = {
  /** `m`, `?`, `g v` (one after the other), `Ctrl k` (together; Command does as well). */
  keys: string
  label: string
  /** The heading under which the keys dialog lists it. */
  group: 'Everywhere' | 'Go to' | 'List' | 'Virtual machine' | 'Console'
  run: () => void
}

export type Press = {
  key: string
  /** Control or Command. */
  ctrl: boolean
  alt: boolean
  /** Whether what has the focus takes text, is a console, or is a dialog or menu over the page. */
  busy: boolean
  at: number
}

const SEQUENCE_MS = 1_200

/** The registry and its matching, without a DOM. `press` runs at most one shortcut and tells whether it did. */
export function createShortcuts(singleKeysAllowed: () => boolean) {
  let registered: readonly Shortcut[] = []
  const listeners = new Set<() => void>()
  let prefix: { key: string; at: number } | undefined

  function change(next: readonly Shortcut[]) {
    registered = next
    for (const listener of listeners) listener()
  }

  function find(keys: string): Shortcut | undefined {
    // The latest wins: a dialog's own key over the page's.
    return registered.findLast((shortcut) => normal(shortcut.keys) === keys)
  }

  return {
    register(shortcut: Shortcut): () => void {
      change([...registered, shortcut])
      return () => change(registered.filter((other) => other !== shortcut))
    },
    list: () => registered,
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    press({ key, ctrl, alt, busy, at }: Press): boolean {
      const chord = ctrl || alt
      if (!chord && (busy || !singleKeysAllowed())) {
        prefix = undefined
        return false
      }
      const stroke = normal([ctrl && 'Ctrl', alt && 'Alt', key].filter(Boolean).join(' '))
      const before = prefix && at - prefix.at < SEQUENCE_MS && !chord ? prefix.key : undefined
      prefix = undefined
      const found = (before && find(`${before} ${stroke}`)) || find(stroke)
      if (found) {
        found.run()
        return true
      }
      if (!chord && registered.some((shortcut) => normal(shortcut.keys).startsWith(`${stroke} `))) prefix = { key: stroke, at }
      return false
    },
  }
}

/** Letters without regard to case; named keys as they are. */
const normal = (keys: string) =>
  keys
    .split(' ')
    .map((key) => (key.length === 1 ? key.toLowerCase() : key))
    .join(' ')

export const shortcuts = createShortcuts(() => usePreferences.getState().singleKeys)

/** Declares a shortcut for as long as the component is there and `enabled`. */
export function useShortcut(keys: string, { label, group, run, enabled = true }: Omit<Shortcut, 'keys'> & { enabled?: boolean }) {
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(
    () => (enabled ? shortcuts.register({ keys, label, group, run: () => latest.current() }) : undefined),
    [keys, label, group, enabled],
  )
}

export const useShortcutList = () => useSyncExternalStore(shortcuts.subscribe, shortcuts.list)

const TAKES_KEYS =
  'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="alertdialog"], [role="menu"], [data-keys="off"]'

/** Listens for the whole app, until the returned function is called. */
export function listenForShortcuts(): () => void {
  function keydown(event: KeyboardEvent) {
    if (event.defaultPrevented || event.isComposing || event.repeat) return
    const busy = event.target instanceof Element && event.target.closest(TAKES_KEYS) !== null
    const press = { key: event.key, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey, busy, at: event.timeStamp }
    if (shortcuts.press(press)) event.preventDefault()
  }
  window.addEventListener('keydown', keydown)
  return () => window.removeEventListener('keydown', keydown)
}
