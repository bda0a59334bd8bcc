type DrainCounts = { total: number; ended: number; failed: number; left: number }

type Counted = { items: readonly { row: { uid: string } }[]; states: ReadonlyMap<string, { kind: string }> }

/** How far a drain is: `ended` counts what came to any end, `failed` and `left` (not begun) are among it. */
export function drainCounts({ items, states }: Counted): DrainCounts {
  const count = (...kinds: string[]) => items.filter(({ row }) => kinds.includes(states.get(row.uid)?.kind ?? '')).length
  return { total: items.length, ended: count('done', 'accepted', 'unseen', 'failed', 'left'), failed: count('failed'), left: count('left') }
}
