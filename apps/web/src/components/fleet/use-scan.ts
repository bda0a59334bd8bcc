import { useEffect, useReducer } from 'react'
import { whenIdle } from '../../util/when-idle.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import type { Term } from './language.ts'
import type { Order } from './order.ts'
import type { Scan } from './scan.ts'

/** Order and counts of ten thousand rows change at most so often; each row itself is always up to date. */
export const SCAN_EVERY_MS = 250

/**
 * What a list shows of its rows. While much is worked out, in steps beside input and painting, the answer before; undefined
 * as long as there has been none.
 */
export function useScan<R extends FleetRow>(
  { scanner }: Pick<FleetKind<R>, 'scanner'>,
  rows: readonly R[],
  terms: readonly Term[],
  order: Order,
): Scan<R> | undefined {
  const [, again] = useReducer((count: number) => count + 1, 0)
  const scan = scanner.scan(rows, terms, order)
  const waiting = scan === undefined
  const { column, descending } = order
  useEffect(() => {
    if (!waiting) return undefined
    let wanted = true
    void scanner.prepare(rows, { column, descending }).then(() => wanted && again())
    return () => {
      wanted = false
    }
  }, [scanner, rows, column, descending, waiting])
  const known = scan !== undefined && rows.length > 0
  useEffect(() => (known ? whenIdle(() => void scanner.spell()) : undefined), [scanner, known])
  const latest = scan ?? scanner.latest()
  return latest?.total === 0 && rows.length > 0 ? undefined : latest
}

/** The same, for those who only count. */
export function useCounts<R extends FleetRow>(kind: Pick<FleetKind<R>, 'scanner' | 'order'>, rows: readonly R[], terms: readonly Term[]) {
  const { scanner, order } = kind
  const [, again] = useReducer((count: number) => count + 1, 0)
  const counted = scanner.count(rows, terms)
  const waiting = counted === undefined
  useEffect(() => {
    if (!waiting) return undefined
    let wanted = true
    void scanner.prepare(rows, order).then(() => wanted && again())
    return () => {
      wanted = false
    }
  }, [scanner, rows, order, waiting])
  return counted
}
