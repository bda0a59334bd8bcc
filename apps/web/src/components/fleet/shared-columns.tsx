// Columns, search keys and cells that lists have in common, so that a namespace, a size or an age is the same in all of them.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { paths } from '../../paths.ts'
import type { VmRef } from '../../paths.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { LongName, isLong } from '../../ui/long-name.tsx'
import { Elapsed } from '../../ui/elapsed.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import type { State } from '../../ui/state-glyph.tsx'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'
import { isoTime } from './csv.ts'
import type { FleetColumn, FleetKind, FleetRow } from './fleet-kind.ts'
import type { Key, Values } from './language.ts'
import { naturalKey } from './order.ts'

type Made<R, V> = Partial<FleetColumn<R>> & { id: string; title: string; width: number; of: (row: R) => V | undefined }

const naturally = (text: string | undefined) => (text === undefined ? undefined : naturalKey(text))

/** A text that the cluster has, as it is: sorted as people count, exported in full. */
export function textColumn<R>({ of, ...rest }: Made<R, string>): FleetColumn<R> {
  return { value: (row) => naturally(of(row)), shown: of, cell: of, csv: { value: of }, ...rest }
}

/** What the row is about: a link, which the table follows, with whatever stands before the text. */
export function linkColumn<R>({ of, to, mark, ...rest }: Made<R, string> & LinkTo<R>): FleetColumn<R> {
  return textColumn({
    cell: (row) => {
      const text = of(row) ?? ''
      const long = isLong(text)
      return (
        <a className={long ? 'name' : 'name short'} href={to(row)} title={visibleText(text)} aria-label={long ? text : undefined}>
          {mark?.(row)}
          <LongName>{text}</LongName>
        </a>
      )
    },
    of,
    ...rest,
  })
}

type LinkTo<R> = { to: (row: R) => string; mark?: (row: R) => ReactNode }

/** A figure with its unit in the export's title: `Memory (bytes)`. */
function figureColumn<R>({ of, unit, ...rest }: Made<R, number> & { unit: string }): FleetColumn<R> {
  return { value: of, shown: of, csv: { title: unit, value: of }, cell: of, ...rest }
}

export function bytesColumn<R>({ of, title, ...rest }: Made<R, number>): FleetColumn<R> {
  const cell = (row: R) => {
    const bytes = of(row)
    return bytes !== undefined && <Quantity bytes={bytes} />
  }
  return figureColumn({ title, unit: `${title} (bytes)`, cell, of, ...rest })
}

type Sized = { cpus?: number | undefined; memoryBytes?: number | undefined }

export const cpuColumn: FleetColumn<Sized> = figureColumn({
  id: 'cpu',
  title: 'CPU',
  width: 76,
  unit: 'vCPUs',
  of: ({ cpus }) => cpus,
  cell: ({ cpus }) => cpus !== undefined && <Quantity value={cpus} unit="vCPU" />,
})

export const memoryColumn: FleetColumn<Sized> = bytesColumn({
  id: 'memory',
  title: 'Memory',
  width: 76,
  of: ({ memoryBytes }) => memoryBytes,
})

/** A moment in seconds since the epoch, as how long ago it was: the youngest first. The export's title is `csvTitle`. */
export function sinceColumn<R>({ of, csvTitle, ...rest }: Made<R, number> & { csvTitle?: string }): FleetColumn<R> {
  return {
    className: 'mono dim',
    value: (row) => {
      const since = of(row)
      return since === undefined ? undefined : -since
    },
    cell: (row) => {
      const since = of(row)
      return since !== undefined && <Elapsed since={since} />
    },
    csv: { ...(csvTitle !== undefined && { title: csvTitle }), value: (row) => isoTime(of(row)) },
    ...rest,
  }
}

export const ageColumn: FleetColumn<{ createdAt: number }> = sinceColumn({
  id: 'age',
  title: 'Age',
  width: 54,
  csvTitle: 'Created',
  of: ({ createdAt }) => createdAt,
})

type Placed = { namespace?: string | undefined }

export const namespaceColumn: FleetColumn<Placed> = textColumn({
  id: 'namespace',
  title: 'Namespace',
  width: 146,
  className: 'dim',
  of: ({ namespace }) => namespace,
})

/** A key whose values are a facet as well; `always` stand there without a row, too. */
export function facetKey<R>(hint: string, of: (row: R) => Values, always?: readonly string[]): Key<R> & { kind: 'word' } {
  return { kind: 'word', hint, of, facet: always ? { of, always } : { of } }
}

export const namespaceKey: Key<Placed> = facetKey('one namespace, or a pattern: team-*', ({ namespace }) => namespace)

export const osKey: Key<{ os?: string | undefined; osName?: string | undefined }> = {
  ...facetKey('operating system', ({ os }) => os),
  within: ({ osName }) => osName,
}

export const nameKey = (hint: string): Key<{ name: string }> => ({ kind: 'word', hint, of: ({ name }) => name })

/** A menu of one facet. */
export const facetMenu = (key: string, label: string): FleetKind<FleetRow>['menus'][number] => ({ label, facets: [{ key, label }] })

/** A VM that the row has to do with. */
export function VmLink({ vm }: { vm: VmRef }) {
  return (
    <Link className="hi" to={paths.virtualMachine(vm)} title={visibleText(vm.name)}>
      <Bdi>{vm.name}</Bdi>
    </Link>
  )
}

/** What there is no room for: `+2`. */
export function AndMore({ others }: { others: readonly string[] }) {
  if (others.length === 0) return null
  return (
    <span className="more1" title={visibleText(others.join('\n'), DETAIL_CHARACTERS)}>
      +{others.length}
      <span className="sr"> more: {visibleText(others.join(', '))}</span>
    </span>
  )
}

type StateCellProps = { state: State; word: string; message?: string | undefined; since?: number; progress?: number | undefined }

/** A state, and in the cluster's own words why it is a bad one. */
export function StateCell({ message, ...badge }: StateCellProps) {
  return (
    <span className="st" title={message && visibleText(message)}>
      <StatusBadge {...badge} />
      {badge.state === 'error' && message && <span className="dim more1">{visibleText(message)}</span>}
    </span>
  )
}
