// Rows by uid, with who watches which. Uid-safe: the removal of an object never takes its namesake successor away.
import type { ObjectRef } from '@virtdeck/k8s'

export type Rows<R> = {
  all(): readonly R[]
  get(ref: ObjectRef): R | undefined
  /** Folds a delta in and wakes the watchers of rows that changed. False if nothing did. */
  apply(upsert: readonly R[], remove: readonly string[]): boolean
  /** Takes a whole new picture. Rows that are the same in it stay the same objects. */
  replace(next: readonly R[]): boolean
  /** The same in steps: what was there stays until the picture is shown. Nothing may be applied meanwhile. */
  picture(): Picture<R>
  subscribe(ref: ObjectRef, listener: () => void): () => void
  watched(): boolean
}

type Picture<R> = {
  add(rows: readonly R[]): void
  /** Puts the picture in place and wakes the watchers of rows that changed. False if nothing did. */
  show(): boolean
}

export function createRows<R extends { uid: string; namespace?: string; name: string }>(): Rows<R> {
  let byUid = new Map<string, R>()
  let uidByKey = new Map<string, string>()
  const watchers = new Map<string, Set<() => void>>()
  let all: readonly R[] | undefined = []

  function put(row: R, touched: Set<string>) {
    const previous = byUid.get(row.uid)
    const key = keyOf(row)
    if (previous && uidByKey.get(key) === row.uid && sameValue(previous, row)) return
    byUid.set(row.uid, row)
    uidByKey.set(key, row.uid)
    touched.add(key)
  }

  function drop(uid: string, touched: Set<string>) {
    const row = byUid.get(uid)
    if (!row) return
    byUid.delete(uid)
    const key = keyOf(row)
    if (uidByKey.get(key) === uid) uidByKey.delete(key)
    touched.add(key)
  }

  function wake(touched: Set<string>): boolean {
    if (touched.size === 0) return false
    all = undefined
    for (const key of touched) for (const listener of watchers.get(key) ?? []) listener()
    return true
  }

  function picture(): Picture<R> {
    const next = new Map<string, R>()
    const nextUids = new Map<string, string>()
    let changed = false
    return {
      add(rows) {
        for (const row of rows) {
          const known = byUid.get(row.uid)
          const same = known !== undefined && sameValue(known, row)
          const key = keyOf(row)
          next.set(row.uid, same ? known : row)
          nextUids.set(key, row.uid)
          if (!same || uidByKey.get(key) !== row.uid) changed = true
        }
      },
      show() {
        if (!changed && next.size === byUid.size) return false
        const before = { byUid, uidByKey }
        byUid = next
        uidByKey = nextUids
        all = undefined
        const rowOf = (rows: ReadonlyMap<string, R>, uid: string | undefined) => (uid === undefined ? undefined : rows.get(uid))
        for (const [key, listeners] of watchers) {
          if (rowOf(before.byUid, before.uidByKey.get(key)) === rowOf(next, nextUids.get(key))) continue
          for (const listener of listeners) listener()
        }
        return true
      },
    }
  }

  return {
    all: () => (all ??= [...byUid.values()]),
    get(ref) {
      const uid = uidByKey.get(keyOf(ref))
      return uid === undefined ? undefined : byUid.get(uid)
    },
    apply(upsert, remove) {
      const touched = new Set<string>()
      for (const uid of remove) drop(uid, touched)
      for (const row of upsert) put(row, touched)
      return wake(touched)
    },
    replace(next) {
      const whole = picture()
      whole.add(next)
      return whole.show()
    },
    picture,
    subscribe(ref, listener) {
      const key = keyOf(ref)
      const own = watchers.get(key) ?? new Set()
      watchers.set(key, own.add(listener))
      return () => {
        own.delete(listener)
        if (own.size === 0 && watchers.get(key) === own) watchers.delete(key)
      }
    },
    watched: () => watchers.size > 0,
  }
}

/** No Kubernetes name contains a slash. */
function keyOf({ namespace, name }: ObjectRef): string {
  return `${namespace ?? ''}/${name}`
}

/** Equality of JSON values, whatever the order of their fields. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = Object.entries(a)
  return (
    left.length === Object.keys(b).length &&
    left.every(([field, value]) => field in b && sameValue(value, (b as Record<string, unknown>)[field]))
  )
}
