// What a kind of list says of itself: its rows, columns, search language and facets. The table, the search, the views and
// the export are the same for all kinds.
import { own } from '@virtdeck/k8s'
import type { ReactNode } from 'react'
import type { State } from '../../ui/state-glyph.tsx'
import type { Action } from '../action.ts'
import { groupRows } from './groups.ts'
import type { Group } from './groups.ts'
import { createLanguage } from './language.ts'
import type { Key, Language, Values } from './language.ts'
import { naturalKey } from './order.ts'
import type { Order, Sortable } from './order.ts'
import { createRowIndex, createScanner } from './scan.ts'
import type { RowIndex, Scanner } from './scan.ts'

export type FleetRow = { uid: string; namespace?: string; name: string }

export type FleetColumn<R> = {
  id: string
  title: string
  /** Least width in px. */
  width: number
  /** What it takes beyond that where there is room. */
  extra?: number
  className?: string
  /** What the column is sorted by. */
  value: (row: R) => Sortable
  cell: (row: R) => ReactNode
  /** What of the cell can change while one looks: it flashes when it does. */
  shown?: (row: R) => Sortable
  /** In an exported file: plain numbers in one unit, ISO times. Without, the column's title and value. */
  csv?: { title?: string; value: (row: R) => string | number | undefined }
  /** Where there is little room: given up in the columns' order, or shown only when chosen. */
  shows?: 'where there is room' | 'when chosen'
}

/** What is known of rows beside the rows themselves, and changes by itself. */
export type Beside = {
  /** The columns, and the keys of the search, that are made of it. */
  columns: readonly string[]
  keys: readonly string[]
  /** Nothing is ever known here: the search offers none of the keys. */
  never?: true
  /** Grows with every change. */
  version: () => number
  subscribe: (listener: () => void) => () => void
  /** Why those columns are empty, or not up to date: a sentence. */
  problem: () => string | undefined
  /** The same for whoever only looks at the list. */
  note: () => string | undefined
}

export type FleetKind<R extends FleetRow> = {
  /** Under which the browser keeps columns and views. */
  id: string
  title: string
  /** One of the rows, and many: `VM`, `VMs`. */
  one: string
  many: string
  /** In the search box, while it is empty. */
  placeholder: { wide: string; phone: string }
  /** The first names the row: it always shows, at the left edge. */
  columns: readonly FleetColumn<R>[]
  /** The column that takes the room that is left over. */
  flexible: string
  order: Order
  language: Language<R>
  /** Facets as buttons, values of one key each. */
  states: readonly { key: string; value: string; label: string; state: State }[]
  /** Facets as menus; several of them share one, under headings. */
  menus: readonly { label: string; facets: readonly { key: string; label: string; sizes?: true }[] }[]
  /** The column that stands in a row's second line on phones; its first is the first column. */
  state: string
  /** A row's third line on phones. */
  phoneLine: (row: R) => ReactNode
  scanner: Scanner<R>
  /** Works rows out in small steps, so that the list's first answer is there at once. */
  prepare: (rows: readonly R[]) => Promise<void>
  /** What the list can be grouped by: its state, and the facets of the menus. */
  groupings: readonly Grouping[]
  /** Rows in the groups of one of these; the same groups for the same rows. */
  groups: (rows: readonly R[], key: string) => readonly Group<R>[]
  beside?: Beside
  /** Labels that can be columns. */
  labels?: (row: R) => Readonly<Record<string, string>> | undefined
  /** Follows one row by itself, so that a change of it renders it and nothing else. */
  useRow?: (row: R) => R | undefined
  /** Its verbs: row menu and keys. */
  useActions?: (row: R) => Action[]
}

type Grouping = { key: string; label: string; sizes?: true }

type Definition<R extends FleetRow> = Omit<FleetKind<R>, 'language' | 'scanner' | 'prepare' | 'groupings' | 'groups'> & {
  keys: Record<string, Key<R>>
  texts: (row: R) => readonly Values[]
  attention?: (row: R) => 'failing' | 'warning' | undefined
}

export function defineFleet<R extends FleetRow>({ keys, texts, attention, ...rest }: Definition<R>): FleetKind<R> {
  const language = createLanguage(keys, texts)
  const scanned = { language, attention, beside: rest.beside }
  const parts = { ...rest, language }
  const valueOf = (id: string) => columnOf(parts, id)?.value ?? (() => undefined)
  const index = createRowIndex(scanned)
  const groupings = groupingsOf(parts)
  const scanner = createScanner(scanned, index, valueOf)
  const prepare = (rows: readonly R[]) => scanner.prepare(rows, rest.order)
  return { ...parts, groupings, groups: createGroups(index, groupings), scanner, prepare }
}

function groupingsOf<R extends FleetRow>({ states, menus, columns, state }: Pick<FleetKind<R>, 'states' | 'menus' | 'columns' | 'state'>) {
  const label = columns.find(({ id }) => id === state)?.title ?? 'State'
  const ofStates = [...new Set(states.map(({ key }) => key))].map((key): Grouping => ({ key, label }))
  return [...ofStates, ...menus.flatMap(({ facets }) => facets)]
}

function createGroups<R extends FleetRow>(index: RowIndex<R>, groupings: readonly Grouping[]): FleetKind<R>['groups'] {
  const known = new WeakMap<readonly R[], Map<string, readonly Group<R>[]>>()
  return (rows, key) => {
    const made = known.get(rows) ?? new Map<string, readonly Group<R>[]>()
    known.set(rows, made)
    const grouping = groupings.find((one) => one.key === key)
    const groups = made.get(key) ?? (grouping ? groupRows(index, rows, key, grouping.sizes) : [])
    made.set(key, groups)
    return groups
  }
}

const LABEL = 'label:'

export const labelColumnId = (key: string) => `${LABEL}${key}`
export const labelKeyOf = (id: string) => (id.startsWith(LABEL) && id.length > LABEL.length ? id.slice(LABEL.length) : undefined)

/** One of its own columns, or that of a label. */
export function columnOf<R extends FleetRow>(kind: Pick<FleetKind<R>, 'columns' | 'labels'>, id: string): FleetColumn<R> | undefined {
  const found = kind.columns.find((column) => column.id === id)
  const key = labelKeyOf(id)
  const { labels } = kind
  if (found || key === undefined || !labels) return found
  const value = (row: R) => own(labels(row), key)
  return {
    id,
    title: key,
    width: 120,
    className: 'dim c-label',
    value: (row) => {
      const text = value(row)
      return text === undefined ? undefined : naturalKey(text)
    },
    cell: value,
    shown: value,
    csv: { value },
  }
}

/** No Kubernetes name contains a slash. */
export const keyOf = ({ namespace, name }: Pick<FleetRow, 'namespace' | 'name'>) => `${namespace ?? ''}/${name}`
