// What stands on the lines of a list: its rows, and in a list of groups the head of each before its rows.
import { keyOf } from './fleet-kind.ts'
import type { FleetRow } from './fleet-kind.ts'
import { groupDataKey, groupName } from './groups.ts'
import type { Group } from './groups.ts'

/** What stands on one line of a list: a row, or the head of a group. */
export type Line<R> = R | Group<R>

export const isGroup = <R extends { uid: string }>(line: Line<R>): line is Group<R> => !('uid' in line)

export const isRow = <R extends FleetRow>(line: Line<R>): line is R => !isGroup(line)

/** Names a line among the others, and its element: a later version of a row, or of a group, has the same. */
export const lineKey = <R extends FleetRow>(line: Line<R>): string => (isGroup(line) ? groupDataKey(line) : keyOf(line))

/** The lines to show: of a folded group only its head. */
export function linesOf<R>(groups: readonly Group<R>[], folded: ReadonlySet<string>): readonly Line<R>[] {
  return groups.flatMap((group): readonly Line<R>[] => (folded.has(groupName(group)) ? [group] : [group, ...group.rows]))
}

/** Where the head of the group is to which a line belongs; -1 where there are no groups. */
export function headOf<R extends { uid: string }>(lines: readonly Line<R>[], place: number): number {
  let at = place
  while (at >= 0) {
    const line = lines[at]
    if (line && isGroup(line)) break
    at -= 1
  }
  return at
}

/** Where a line stands now, by its name; -1 where it is no longer. */
export function placeOf<R extends FleetRow>(lines: readonly Line<R>[], line: Line<R>): number {
  if (isGroup(line)) return lines.findIndex((one) => isGroup(one) && one.value === line.value)
  const { namespace, name } = line
  return lines.findIndex((one) => !isGroup(one) && one.name === name && one.namespace === namespace)
}

/** Where each line begins, and the last one ends, in px. */
export function startsOf<R extends FleetRow>(lines: readonly Line<R>[], rowHeight: number, groupHeight: number): Float64Array {
  const starts = new Float64Array(lines.length + 1)
  for (const [index, line] of lines.entries()) starts[index + 1] = (starts[index] ?? 0) + (isGroup(line) ? groupHeight : rowHeight)
  return starts
}
