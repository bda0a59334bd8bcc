// Which rows of a list are selected. By uid: an object that takes another's name is not the one that was meant.
import { create } from 'zustand'

type Identified = { uid: string }

type Selection = {
  uids: ReadonlySet<string>
  /** Where an extension begins: the last one selected by itself. */
  anchor?: string
  /** What was selected without the extension, which another one takes the place of. */
  before?: ReadonlySet<string>
}

export const nothing: Selection = { uids: new Set() }

export function toggled({ uids }: Selection, uid: string): Selection {
  const next = new Set(uids)
  if (!next.delete(uid)) next.add(uid)
  return { uids: next, anchor: uid }
}

/**
 * Adds everything from the anchor to a row, in the order shown, and lets go of what an extension before it had taken beyond
 * that; without an anchor in sight, adds that row.
 */
export function extended(selection: Selection, uid: string, shown: readonly Identified[]): Selection {
  const { uids, anchor, before = uids } = selection
  const from = shown.findIndex((row) => row.uid === anchor)
  const to = shown.findIndex((row) => row.uid === uid)
  if (to < 0) return selection
  if (from < 0) return { uids: new Set([...uids, uid]), anchor: uid }
  const between = shown.slice(Math.min(from, to), Math.max(from, to) + 1)
  return { uids: new Set([...before, ...between.map((row) => row.uid)]), anchor, before }
}

/** The box in the table's head: all that is shown, or nothing at all. */
export function allOrNone({ uids }: Selection, shown: readonly Identified[]): Selection {
  return shown.every((row) => uids.has(row.uid)) ? nothing : { uids: new Set([...uids, ...shown.map((row) => row.uid)]) }
}

/** The box in a group's head: all of the group beside what is selected elsewhere, or none of it. */
export function allOrNoneOf({ uids }: Selection, group: readonly Identified[]): Selection {
  const next = new Set(uids)
  const all = group.every((row) => uids.has(row.uid))
  for (const { uid } of group) {
    if (all) next.delete(uid)
    else next.add(uid)
  }
  return { uids: next }
}

/** What is left of it among these rows; the same where none of it has gone. */
export function remaining(selection: Selection, rows: readonly Identified[]): Selection {
  const { uids, anchor, before } = selection
  if (uids.size === 0) return selection
  const left = new Set(rows.filter(({ uid }) => uids.has(uid)).map(({ uid }) => uid))
  if (left.size === uids.size) return selection
  const kept = (uid: string) => left.has(uid)
  return {
    uids: left,
    ...(anchor !== undefined && kept(anchor) && { anchor }),
    ...(before && { before: new Set([...before].filter(kept)) }),
  }
}

/** How much of what is shown is selected. */
export function coverage({ uids }: Selection, shown: readonly Identified[]): 'none' | 'some' | 'all' {
  if (uids.size === 0) return 'none'
  const count = shown.reduce((sum, row) => sum + Number(uids.has(row.uid)), 0)
  if (count === 0) return 'none'
  return count === shown.length ? 'all' : 'some'
}

/** The list's selection; for as long as one is on the list. */
export const useSelection = create<Selection>()(() => nothing)

export const select = (next: Selection) => useSelection.setState(next, true)
