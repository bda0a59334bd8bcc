// Locks a verb of a VM from the click until the row shows that something happened, so that one click is one request.
import type { VmRow, VmVerb } from '@virtdeck/kubevirt'
import { useEffect } from 'react'
import { create } from 'zustand'

/** After this long without a visible transition the verb may be tried again. */
const lockMs = 30_000

type Pending = { uid: string; verb: VmVerb; before: string }

type PendingVerbs = {
  pending: readonly Pending[]
  add(row: VmRow, verb: VmVerb): void
  remove(uid: string, verb: VmVerb): void
}

/** What of a row tells that a verb has begun to take effect. */
const appearance = (row: VmRow) => `${row.status} ${row.statusSince ?? ''} ${row.migration?.name ?? ''}`

export const usePendingVerbs = create<PendingVerbs>()((set, get) => ({
  pending: [],
  add(row, verb) {
    set(({ pending }) => ({ pending: [...pending, { uid: row.uid, verb, before: appearance(row) }] }))
    setTimeout(() => get().remove(row.uid, verb), lockMs)
  },
  remove(uid, verb) {
    set(({ pending }) => ({ pending: pending.filter((one) => one.uid !== uid || one.verb !== verb) }))
  },
}))

/** The verbs under way for a row. Each is let go of for good once the row has begun to look different. */
export function useVerbLocks(row: VmRow): ReadonlySet<VmVerb> {
  const { pending, remove } = usePendingVerbs()
  const ours = pending.filter((one) => one.uid === row.uid)
  const over = ours.filter((one) => one.before !== appearance(row))
  // The row may come to look as before (it migrated), so having differed is what has to be kept.
  useEffect(() => {
    for (const one of over) remove(one.uid, one.verb)
  })
  return new Set(ours.filter((one) => !over.includes(one)).map((one) => one.verb))
}
