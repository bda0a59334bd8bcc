import type { Icon } from './icon.tsx'

export type Action = {
  id: string
  label: string
  icon?: Icon
  /** A single key or a chord as it is shown: `m`, `Ctrl K`. */
  shortcut?: string
  /** Actions of one group stand together; menus draw a line where it changes. */
  group?: string
  danger?: boolean
  /** Why it is impossible now. The action keeps its place and says so. */
  disabled?: string
  run: () => void | Promise<void>
}
