// One pass over all rows: which match, and how many each value of each facet would show. What is known of a row is worked
// out once for each version of it; the first time, in small steps.
import { compileQuery, facetKeys, isToken } from './language.ts'
import type { Language, RowTest, Term, Values } from './language.ts'
import { differences, formatOrder, ordering, reorder } from './order.ts'
import type { Order, Ordered, Sortable } from './order.ts'

/** How many rows a value stands for, and how many of them need looking after. */
export type Bucket = { count: number; failing: number; warnings: number }
export type Buckets = ReadonlyMap<string, Bucket>

export type Scan<R> = {
  /** The rows that match, in order. */
  rows: readonly R[]
  total: number
  /** Values of a facet with the rows that match everything but this facet's own choice; all values, also at zero. */
  facets: Readonly<Record<string, Buckets>>
}

type Scanned = { uid: string; name: string; namespace?: string }

type ScanKind<R> = {
  language: Language<R>
  /** What must be looked after. */
  attention?: (row: R) => 'failing' | 'warning' | undefined
  /** Columns and keys whose values come from beside the rows: with another version, they may be others of the same rows. */
  beside?: { columns: readonly string[]; keys: readonly string[]; version: () => number }
}

/** The values of a facet as small numbers; a row that has several has the number of them all together. */
type Interned = { key: string; of: (row: never) => Values; always: readonly string[]; sets: string[][]; numbers: Map<string, number> }

/** `text` is made when it is first looked in. */
type Entry = { text?: string; codes: readonly number[]; attention: 0 | 1 | 2 }

/** How many rows have which values, by facet: three numbers for each code, those of all rows, of failing ones and of warnings. */
type Tally = readonly number[][]

/** The entries of rows in their order, and how many there are of each value. */
type Entries = { all: readonly Entry[]; tally: Tally }

/** What is known of the rows of one kind, for every list and tree of it. */
export type RowIndex<R> = {
  facets: readonly Interned[]
  entry(row: R): Entry
  entries(rows: readonly R[]): Entries
  emptyTally(): Tally
}

const SEPARATOR = '\u0000'

export function createRowIndex<R extends object>({ language, attention }: ScanKind<R>): RowIndex<R> {
  const facets = facetKeys(language).map((key): Interned => {
    const facet = language.keys[key]?.facet
    const interned = { key, of: facet?.of ?? (() => undefined), always: facet?.always ?? [], sets: [], numbers: new Map() }
    return interned
  })
  const known = new WeakMap<R, Entry>()
  const lists = new WeakMap<readonly R[], Entries>()

  function entry(row: R): Entry {
    let found = known.get(row)
    if (found) return found
    const codes = facets.map((facet) => codeOf(facet, (facet.of as (row: R) => Values)(row)))
    const attends = attention?.(row)
    found = { codes, attention: attends === 'failing' ? 1 : attends === 'warning' ? 2 : 0 }
    known.set(row, found)
    return found
  }

  const emptyTally = (): Tally => facets.map(() => [])

  return {
    facets,
    entry,
    emptyTally,
    entries(rows) {
      let found = lists.get(rows)
      if (!found) {
        found = { all: rows.map(entry), tally: emptyTally() }
        for (const one of found.all) addTo(found.tally, one, 1)
        lists.set(rows, found)
      }
      return found
    },
  }
}

/** Counts a row in, or out. */
function addTo(tally: Tally, { codes, attention }: Entry, by: 1 | -1): void {
  for (let facet = 0; facet < codes.length; facet++) {
    // As many codes as facets.
    const numbers = tally[facet] as number[]
    const base = (codes[facet] as number) * 3
    numbers[base] = (numbers[base] ?? 0) + by
    if (attention > 0) numbers[base + attention] = (numbers[base + attention] ?? 0) + by
  }
}

function codeOf({ numbers, sets }: Interned, values: Values): number {
  const name = typeof values === 'string' ? values : (values?.join(SEPARATOR) ?? '')
  let code = numbers.get(name)
  if (code === undefined) {
    // What has no value is no value one could choose.
    code = sets.push((typeof values === 'string' ? [values] : (values ?? [])).filter(Boolean)) - 1
    numbers.set(name, code)
  }
  return code
}

/** Which rows match, in the order given, and the counts of all facets. */
export function scanRows<R extends object>(
  language: Language<R>,
  index: RowIndex<R>,
  rows: readonly R[],
  terms: readonly Term[],
  { all, tally } = index.entries(rows),
): Scan<R> {
  const { facets } = index
  if (terms.length === 0) return everything(facets, rows, tally)
  const query = compileQuery(language, terms)
  const tests = facets.map(({ key }) => query.facets.get(key))
  const { rest, words } = query
  const counts = facets.map(({ sets }) => new Uint32Array(sets.length * 3))
  const matching: R[] = []
  for (let at = 0; at < rows.length; at++) {
    // Both arrays are as long.
    const row = rows[at] as R
    const entry = all[at] as Entry
    const { codes, attention } = entry
    if (words.length > 0) {
      const text = (entry.text ??= language.text(row))
      if (!words.every((word) => text.includes(word))) continue
    }
    const missed = missedFacets(row, rest, tests)
    if (missed === REST) continue
    if (missed === NOTHING) matching.push(row)
    for (let facet = 0; facet < facets.length; facet++) {
      // A row counts for a facet if it misses nothing but that facet's own choice.
      if (missed !== NOTHING && missed !== facet) continue
      const numbers = counts[facet] as Uint32Array
      const base = (codes[facet] as number) * 3
      numbers[base] = (numbers[base] ?? 0) + 1
      if (attention > 0) numbers[base + attention] = (numbers[base + attention] ?? 0) + 1
    }
  }
  return { rows: matching, total: rows.length, facets: bucketsOf(facets, counts, tally) }
}

/** What is asked for nothing is answered by what is known anyway. */
const everything = <R>(facets: readonly Interned[], rows: readonly R[], tally: Tally): Scan<R> => ({
  rows,
  total: rows.length,
  facets: bucketsOf(facets, tally, tally),
})

const NOTHING = -1
const REST = -2

/** The one facet whose choice a row misses; what misses two of them, or the rest, counts nowhere. */
function missedFacets<R>(row: R, rest: RowTest<R> | undefined, tests: readonly (RowTest<R> | undefined)[]): number {
  if (rest && !rest(row)) return REST
  let missed = NOTHING
  for (let facet = 0; facet < tests.length; facet++) {
    const test = tests[facet]
    if (!test || test(row)) continue
    if (missed !== NOTHING) return REST
    missed = facet
  }
  return missed
}

type Counts = readonly ArrayLike<number>[]

/** The counts of each facet by value. What no row has at all has no bucket, unless it always has one. */
function bucketsOf(facets: readonly Interned[], counts: Counts, tally: Tally): Readonly<Record<string, Buckets>> {
  return Object.fromEntries(
    // As many counts and tallies as facets.
    facets.map((facet, at) => [facet.key, bucketsOfOne(facet, counts[at] as ArrayLike<number>, tally[at] as number[])]),
  )
}

function bucketsOfOne({ sets, always }: Interned, counts: ArrayLike<number>, tally: readonly number[]): Map<string, Bucket> {
  const buckets = new Map(always.map((value): [string, Bucket] => [value, { count: 0, failing: 0, warnings: 0 }]))
  for (const [code, values] of sets.entries()) {
    if (!tally[code * 3]) continue
    for (const value of values) {
      const bucket = buckets.get(value) ?? { count: 0, failing: 0, warnings: 0 }
      bucket.count += counts[code * 3] ?? 0
      bucket.failing += counts[code * 3 + 1] ?? 0
      bucket.warnings += counts[code * 3 + 2] ?? 0
      buckets.set(value, bucket)
    }
  }
  return buckets
}

export type Scanner<R> = {
  /**
   * The answer to a question. Typing only filters; a change of a row only finds that row its place. Undefined where there
   * are too many new rows, or too many to sort otherwise, for one go: `prepare` does it then.
   */
  scan(rows: readonly R[], terms: readonly Term[], order: Order): Scan<R> | undefined
  /** The same answer in whatever order is at hand, for those who only count. */
  count(rows: readonly R[], terms: readonly Term[]): Scan<R> | undefined
  /** The last answer that there was. */
  latest(): Scan<R> | undefined
  /** Works rows out in small steps. Settles when `scan` has an answer in this order. */
  prepare(rows: readonly R[], order: Order): Promise<void>
  /** Makes the texts of the last answer's rows in small steps, so that the first letter need not. */
  spell(): Promise<void>
}

/** More new rows than these are worked out in steps. */
const NEW_AT_ONCE = 2_000
/** More rows than these are sorted by another column in steps. */
const SORTED_AT_ONCE = 12_000
/** A step gives way to input after so long. */
const STEP_MS = 6
/** The list and the tree beside it may be a letter apart. */
const ANSWERS = 4

type Last<R> = {
  rows: readonly R[]
  order: string
  ordered: Ordered<R>
  /** The rows of `ordered`. */
  sorted: readonly R[]
  /** Kept from one version of the rows to the next, as most of them stay. */
  tally: Tally
  /** Their entries, once something was searched for. */
  entries?: readonly Entry[]
  answers: Map<string, Scan<R>>
}

export function createScanner<R extends Scanned>(
  { language, beside }: ScanKind<R>,
  index: RowIndex<R>,
  valueOf: (column: string) => (row: R) => Sortable,
): Scanner<R> {
  let last: Last<R> | undefined
  let latest: Scan<R> | undefined
  let preparing: { order: string; done: Promise<void> } | undefined

  const nameOf = (order: Order) => {
    const name = formatOrder(order, { column: '', descending: false }) ?? ''
    return beside?.columns.includes(order.column) ? `${name} ${beside.version()}` : name
  }
  const questionOf = (terms: readonly Term[]) => {
    const question = JSON.stringify(terms)
    return beside && terms.some((term) => isToken(term) && beside.keys.includes(term.key)) ? `${question} ${beside.version()}` : question
  }

  const isNew = (rows: readonly R[]) => rows.length - (last?.ordered.length ?? 0) > NEW_AT_ONCE

  function sort(rows: readonly R[], order: Order): Last<R> | undefined {
    const name = nameOf(order)
    if (last?.rows === rows && last.order === name) return last
    if (isNew(rows)) return undefined
    if (last?.order === name) {
      const changes = differences(last.rows, rows)
      if (changes.gone.size + changes.added.length === 0) return { ...last, rows }
      const ordered = reorder(last.ordered, changes, valueOf(order.column), order.descending)
      return { rows, order: name, ordered, sorted: rowsOf(ordered), tally: retallied(last.tally, changes), answers: new Map() }
    }
    return rows.length > SORTED_AT_ONCE ? undefined : drain(working(rows, order))
  }

  function retallied(before: Tally, { gone, added }: ReturnType<typeof differences<R>>): Tally {
    const tally = before.map((numbers) => [...numbers])
    for (const row of gone) addTo(tally, index.entry(row), -1)
    for (const row of added) addTo(tally, index.entry(row), 1)
    return tally
  }

  function* working(rows: readonly R[], order: Order): Generator<undefined, Last<R>> {
    const tally = index.emptyTally()
    for (const [at, row] of rows.entries()) {
      addTo(tally, index.entry(row), 1)
      if (at % 250 === 249) yield
    }
    const ordered = yield* ordering(rows, valueOf(order.column), order.descending)
    return { rows, order: nameOf(order), ordered, sorted: rowsOf(ordered), tally, answers: new Map() }
  }

  function* spelling(rows: readonly R[]): Generator<undefined, void> {
    for (const [at, row] of rows.entries()) {
      index.entry(row).text ??= language.text(row)
      if (at % 250 === 249) yield
    }
  }

  function answer(of: Last<R>, terms: readonly Term[]): Scan<R> {
    const query = questionOf(terms)
    const found = of.answers.get(query) ?? search(of, terms)
    if (of.answers.size >= ANSWERS) of.answers.clear()
    of.answers.set(query, found)
    return found
  }

  function search(of: Last<R>, terms: readonly Term[]): Scan<R> {
    if (terms.length === 0) return everything(index.facets, of.sorted, of.tally)
    // An entry stays with its row from one order to the next.
    of.entries ??= of.ordered.map((item) => (item.known ??= index.entry(item.row)) as Entry)
    return scanRows(language, index, of.sorted, terms, { all: of.entries, tally: of.tally })
  }

  return {
    scan(rows, terms, order) {
      const sorted = sort(rows, order)
      if (!sorted) return undefined
      last = sorted
      return (latest = answer(last, terms))
    },
    count(rows, terms) {
      if (last?.rows === rows) return answer(last, terms)
      return isNew(rows) ? undefined : scanRows(language, index, rows, terms)
    },
    latest: () => latest,
    async spell() {
      // What changes meanwhile is few.
      if (last) await inSteps(spelling(last.sorted), () => true)
    },
    prepare(rows, order) {
      const name = nameOf(order)
      // What comes meanwhile is few: it finds its place afterwards.
      if (preparing?.order === name) return preparing.done
      const own = { order: name, done: Promise.resolve() }
      own.done = inSteps(working(rows, order), () => preparing === own).then((sorted) => {
        if (preparing !== own) return
        preparing = undefined
        if (sorted) last = sorted
      })
      preparing = own
      return own.done
    },
  }
}

const rowsOf = <R>(ordered: Ordered<R>): R[] => ordered.map(({ row }) => row)

function drain<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Its result, or undefined where it is wanted no more. */
async function inSteps<T>(steps: Generator<undefined, T>, wanted: () => boolean): Promise<T | undefined> {
  for (;;) {
    await giveWay()
    if (!wanted()) return undefined
    const until = performance.now() + STEP_MS
    while (performance.now() < until) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }
}

/** Lets the browser handle input and paint. A message comes sooner than a timer. */
function giveWay(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(undefined)
  })
}
