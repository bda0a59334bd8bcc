// The simulated Prometheus' samples: what a scrape every half a minute would have stored, computed when it is asked for.
import type { Clock } from '../clock.ts'
import type { Storage } from '../storage/storage.ts'
import type { Family, Piece } from './family.ts'
import { createDomains, guestFamilies } from './guest-metrics.ts'
import { inventoryFamilies } from './inventory-metrics.ts'
import { matchesAll, type Labels, type Matcher } from './labels.ts'
import { recordLives } from './lives.ts'
import { nodeFamilies } from './node-metrics.ts'
import { evaluateRange, type Series, type Source } from './promql-evaluator.ts'
import { parsePromql, type Expr } from './promql-parser.ts'
import { QueryError } from './query-error.ts'
import { perStep, type Steps } from './slices.ts'

const scrapeIntervalMs = 30_000
/** What one query may load: enough for a day of every VM of a fleet, not for a month of it. */
const sampleLimit = 20_000_000

/**
 * Series that Prometheus computes from others, as KubeVirt's rules say.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/monitoring/rules/recordingrules/vmi.go
 */
const recordingRules: [record: string, help: string, expr: string][] = [
  [
    'kubevirt_vmi_phase_count',
    'Sum of VMIs per phase and node.',
    'sum by (node, phase, os, workload, flavor, instance_type, preference, guest_os_kernel_release, guest_os_machine, guest_os_arch, guest_os_name, guest_os_version_id, vmi_pod) (kubevirt_vmi_info)',
  ],
  [
    'kubevirt_vmi_memory_used_bytes',
    'Amount of `used` memory as seen by the domain.',
    'kubevirt_vmi_memory_available_bytes - kubevirt_vmi_memory_usable_bytes',
  ],
  ['kubevirt_vmi_vcpu_count', 'The number of the VMI vCPUs.', 'count by (namespace, name, node) (kubevirt_vmi_vcpu_seconds_total)'],
  [
    'kubevirt_number_of_vms',
    'The number of VMs in the cluster by namespace.',
    'sum by (namespace) (count by (name, namespace) (kubevirt_vm_running_status_last_transition_timestamp_seconds))',
  ],
]

export type Metadata = { name: string; type: Family['type']; help: string }

export type Database = Source & {
  metadata(): Metadata[]
  /** The label sets of the series that have samples in a time. */
  labelSets(matchers: readonly Matcher[], fromMs: number, toMs: number): Steps<Labels[]>
  stop(): void
}

export function createDatabase({ storage, clock, seed }: { storage: Storage; clock: Clock; seed: number }): Database {
  const lives = recordLives({ storage, clock })
  const domains = createDomains(lives, seed)
  const families = [...guestFamilies(domains, storage), ...inventoryFamilies({ lives, storage }), ...nodeFamilies({ lives, domains })]
  const rules = recordingRules.map(([name, help, expr]) => ({ name, help, expr: parsePromql(expr) }))

  const named = <T extends { name: string }>(of: readonly T[], matchers: readonly Matcher[]) => {
    const byName = matchers.filter(({ name }) => name === '__name__')
    return of.filter(({ name }) => byName.every(({ matches }) => matches(name)))
  }

  /** Pieces by series, of all families that the matchers let through. */
  function* piecesBySeries(
    matchers: readonly Matcher[],
    { fromMs, lookbackMs }: Span,
    toMs: number,
  ): Steps<{ family: Family; pieces: Piece[] }[]> {
    let seen = 0
    const others = matchers.filter(({ name }) => name !== '__name__')
    const found: { family: Family; pieces: Piece[] }[] = []
    for (const family of named(families, matchers)) {
      const byKey = new Map<string, Piece[]>()
      const sinceMs = fromMs - scrapeIntervalMs - reachOf(family, lookbackMs)
      for (const piece of family.pieces()) {
        seen += 1
        if (seen % perStep === 0) yield
        if (piece.fromMs > toMs || (piece.untilMs !== undefined && piece.untilMs < sinceMs)) continue
        if (!matchesAll(others, piece.labels)) continue
        const pieces = byKey.get(piece.key)
        if (pieces) pieces.push(piece)
        else byKey.set(piece.key, [piece])
      }
      for (const pieces of byKey.values()) found.push({ family, pieces })
    }
    return found
  }

  function* recorded(
    { name, expr }: { name: string; expr: Expr },
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
  ): Steps<Series[]> {
    const startMs = Math.ceil(fromMs / scrapeIntervalMs) * scrapeIntervalMs
    const range = { startMs, endMs: toMs, stepMs: scrapeIntervalMs }
    const evaluated = yield* evaluateRange(source, expr, range)
    return evaluated.flatMap(({ labels, times, values }) => {
      const series = { labels: { ...labels, __name__: name }, times: [] as number[], values: [] as number[] }
      if (!matchesAll(matchers, series.labels)) return []
      for (const [i, timeMs] of times.entries()) {
        series.times.push(timeMs)
        series.values.push(values[i] ?? NaN)
        // The next one is missing: the series ended.
        const nextMs = timeMs + scrapeIntervalMs
        if (nextMs > toMs || times[i + 1] === nextMs) continue
        series.times.push(nextMs)
        series.values.push(NaN)
      }
      return [series]
    })
  }

  const source: Source = {
    *select(matchers, fromMs, toMs, lookbackMs) {
      const untilMs = Math.min(toMs, clock.now())
      const series: Series[] = []
      let samples = 0
      for (const [at, { family, pieces }] of (yield* piecesBySeries(matchers, { fromMs, lookbackMs }, untilMs)).entries()) {
        if (at % perStep === 0) yield
        const sampled = sample(family, pieces, fromMs - reachOf(family, lookbackMs), untilMs)
        samples += sampled.times.length
        if (samples > sampleLimit)
          throw new QueryError('execution', 'query processing would load too many samples into memory in query execution')
        if (sampled.times.length > 0) series.push(sampled)
      }
      for (const rule of named(rules, matchers))
        series.push(...(yield* recorded(rule, matchers, fromMs - Math.min(lookbackMs, scrapeIntervalMs), untilMs)))
      return series
    },
  }

  return {
    ...source,
    metadata: () => [
      ...families.map(({ name, type, help }) => ({ name, type, help })),
      ...rules.map(({ name, help }) => ({ name, type: 'gauge' as const, help })),
    ],
    *labelSets(matchers, fromMs, toMs) {
      const untilMs = Math.min(toMs, clock.now())
      const found = yield* piecesBySeries(matchers, { fromMs, lookbackMs: 0 }, untilMs)
      const sets = found.map(({ pieces }) => pieces[0]!.labels) // No series without a piece.
      // Rules are only looked at where they end: a label set of an hour ago that is gone is not worth the whole hour.
      for (const rule of named(rules, matchers))
        sets.push(...(yield* recorded(rule, matchers, untilMs - scrapeIntervalMs, untilMs)).map(({ labels }) => labels))
      return sets
    },
    stop: lives.stop,
  }
}

type Span = { fromMs: number; lookbackMs: number }

/** How far back the last sample can be that still counts: where scrapes end a series, no further than one scrape. */
const reachOf = ({ ownIntervalMs }: Family, lookbackMs: number): number =>
  ownIntervalMs === undefined ? Math.min(lookbackMs, scrapeIntervalMs) : lookbackMs

/** The samples of one series, with a NaN where it ends: at the scrape that no longer finds it. */
function sample(family: Family, pieces: readonly Piece[], fromMs: number, toMs: number): Series {
  const intervalMs = family.ownIntervalMs ?? scrapeIntervalMs
  const times: number[] = []
  const values: number[] = []
  const ordered = pieces.length > 1 ? [...pieces].sort((a, b) => a.fromMs - b.fromMs) : pieces
  for (const [i, piece] of ordered.entries()) {
    const endMs = piece.untilMs ?? Infinity
    const firstMs = Math.max(Math.ceil(Math.max(fromMs, piece.fromMs) / intervalMs) * intervalMs, (times.at(-1) ?? -Infinity) + 1)
    let atMs = Math.ceil(firstMs / intervalMs) * intervalMs
    for (; atMs <= toMs && atMs < endMs; atMs += intervalMs) {
      times.push(atMs)
      values.push(piece.at(atMs))
    }
    const next = ordered[i + 1]
    if (atMs > toMs || family.ownIntervalMs !== undefined || atMs < fromMs) continue
    if (next && Math.ceil(next.fromMs / intervalMs) * intervalMs <= atMs) continue
    times.push(atMs)
    values.push(NaN)
  }
  return { labels: ordered[0]!.labels, times, values } // There is a series only where there is a piece.
}
