// A page that lists a fleet: search, facets, and a virtualised table whose rows render again only when they change.
import { useVirtualizer } from '@tanstack/react-virtual'
import type { Status } from '@virtdeck/k8s'
import type { Access } from '@virtdeck/server/protocol'
import { memo, useCallback, useRef } from 'react'
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { useShortcut } from '../stores/shortcuts.ts'
import { Banner } from '../ui/banner.tsx'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { IconMark } from '../ui/icon.tsx'
import type { Icon } from '../ui/icon.tsx'
import { ChevronDownIcon, ChevronUpIcon, LockIcon, SearchIcon } from '../ui/icons.ts'
import { Keys } from '../ui/kbd.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { StateGlyph } from '../ui/state-glyph.tsx'
import type { State } from '../ui/state-glyph.tsx'
import { formatCount } from '../util/format.ts'
import { formatOrder, parseOrder, scanFleet } from './fleet-rows.ts'
import type { FleetFacet, FleetOrder } from './fleet-rows.ts'
import './fleet-page.css'

export type FleetColumn<R> = {
  id: string
  title: string
  className?: string
  /** Px; without, the column takes what is left over. */
  width?: number
  value: (row: R) => string | number | undefined
  cell: (row: R) => ReactNode
}

type FleetPageProps<R extends { uid: string }> = {
  title: string
  /** What the rows are, in the plural: `nodes`. */
  noun: string
  icon: Icon
  placeholder: string
  fleet: { status: 'loading' | 'ready' | 'error'; rows: readonly R[]; access?: Access; error?: Status }
  onRetry: () => void
  columns: readonly FleetColumn<R>[]
  facets: readonly (FleetFacet<R> & { state: State })[]
  textOf: (row: R) => string
  /** Where equal rows stand. */
  tie: (row: R) => string
  order: FleetOrder
  /** While there are no rows at all. */
  empty: { title: string; body: string }
}

const ROW_HEIGHT = 36
const HEAD_HEIGHT = 32

export function FleetPage<R extends { uid: string }>(props: FleetPageProps<R>) {
  const { title, noun, icon, placeholder, fleet, onRetry, columns, facets, textOf, tie, empty } = props
  const [search, setSearch] = useSearchParams()
  const box = useRef<HTMLInputElement>(null)
  const text = search.get('q') ?? ''
  const chosen = new Set((search.get('state') ?? '').split(',').filter(Boolean))
  const order = parseOrder(
    search.get('sort'),
    columns.map(({ id }) => id),
    props.order,
  )
  const sorted = columns.find(({ id }) => id === order.column) ?? columns[0]
  const scan = scanFleet({
    rows: fleet.rows,
    text,
    textOf,
    facets,
    chosen,
    tie,
    valueOf: (row) => sorted?.value(row),
    descending: order.descending,
  })
  const ready = fleet.status === 'ready'
  useShortcut('/', { label: 'Search', group: 'List', run: () => box.current?.focus() })

  function put(name: string, value: string) {
    const next = new URLSearchParams(search)
    if (value) next.set(name, value)
    else next.delete(name)
    setSearch(next, { replace: true })
  }
  function toggle(id: string) {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    put('state', [...next].join(','))
  }

  return (
    <div className="fleetpage">
      <title>{`${title} · virtdeck`}</title>
      <div className="pagehead">
        <h1>
          {title}
          {ready && (
            <span className="count">
              {formatCount(scan.rows.length)}
              {scan.rows.length !== fleet.rows.length && <i> of {formatCount(fleet.rows.length)}</i>}
            </span>
          )}
        </h1>
        <label className="query">
          <IconMark icon={SearchIcon} />
          <input
            ref={box}
            type="search"
            aria-label={`Search ${noun}`}
            placeholder={placeholder}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={({ target }) => put('q', target.value)}
            onKeyDown={(event) => event.key === 'Escape' && box.current?.blur()}
          />
          <Keys keys="/" />
        </label>
      </div>
      <div className="facets" role="group" aria-label="Filters">
        {facets.map(({ id, label, state }) => {
          const count = scan.counts.get(id) ?? 0
          return (
            <button
              key={id}
              type="button"
              className={ready && count === 0 ? 'facet zero' : 'facet'}
              aria-pressed={chosen.has(id)}
              onClick={() => toggle(id)}
            >
              <StateGlyph state={state} className={`c-${state} still`} />
              {label}
              {ready && <em>{formatCount(count)}</em>}
            </button>
          )
        })}
      </div>
      {content()}
    </div>
  )

  function content() {
    if (fleet.status === 'loading') return <SkeletonLines label={`Loading ${noun}`} widths={[420, 380, 400, 360]} />
    if (fleet.status === 'error') {
      const retry = (
        <Button size="small" onClick={onRetry}>
          Try again now
        </Button>
      )
      return (
        <Banner tone="error" title={`The ${noun} could not be read.`} action={retry}>
          {fleet.error?.message}
        </Banner>
      )
    }
    if (fleet.access?.scope === 'forbidden')
      return (
        <Empty>
          <EmptyState icon={LockIcon} title={`No ${noun} for you to see`} body={fleet.access.status.message} />
        </Empty>
      )
    if (fleet.rows.length === 0)
      return (
        <Empty>
          <EmptyState icon={icon} title={empty.title} body={empty.body} />
        </Empty>
      )
    if (scan.rows.length === 0)
      return (
        <Empty>
          <EmptyState
            icon={SearchIcon}
            title="Nothing matches"
            body={`None of ${formatCount(fleet.rows.length)} ${noun} fits.`}
            action={<Button onClick={() => setSearch({}, { replace: true })}>Clear the search</Button>}
          />
        </Empty>
      )
    return (
      <FleetTable
        title={title}
        rows={scan.rows}
        columns={columns}
        order={order}
        onOrder={(next) =>
          put('sort', next.column === props.order.column && next.descending === props.order.descending ? '' : formatOrder(next))
        }
      />
    )
  }
}

const Empty = ({ children }: { children: ReactNode }) => <div className="fleetempty">{children}</div>

type FleetTableProps<R> = {
  title: string
  rows: readonly R[]
  columns: readonly FleetColumn<R>[]
  order: FleetOrder
  onOrder: (order: FleetOrder) => void
}

function FleetTable<R extends { uid: string }>({ title, rows, columns, order, onOrder }: FleetTableProps<R>) {
  const wrap = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- its functions go to no memoized child
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => wrap.current,
    estimateSize: useCallback(() => ROW_HEIGHT, []),
    getItemKey: (index) => rows[index]?.uid ?? index,
    overscan: 8,
    scrollMargin: HEAD_HEIGHT,
  })
  const items = virtualizer.getVirtualItems()
  const [first, last] = [items[0], items.at(-1)]
  const least = columns.reduce((sum, { width = 180 }) => sum + width, 0)
  return (
    <div ref={wrap} className="tablewrap fleetwrap">
      <table className="rt fixed fleett" aria-rowcount={rows.length + 1} style={{ minWidth: least }}>
        <caption className="sr">{title}</caption>
        <colgroup>
          {columns.map(({ id, width }) => (
            <col key={id} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ id, title: head, className }) => {
              const here = order.column === id
              return (
                <th key={id} className={className} aria-sort={here ? (order.descending ? 'descending' : 'ascending') : undefined}>
                  <button type="button" className="sortby" onClick={() => onOrder({ column: id, descending: here && !order.descending })}>
                    {head}
                    {here && <IconMark icon={order.descending ? ChevronDownIcon : ChevronUpIcon} />}
                  </button>
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {first && first.index > 0 && <Spacer height={first.start - HEAD_HEIGHT} span={columns.length} />}
          {items.map(({ index }) => {
            const row = rows[index]
            return row && <FleetRow key={row.uid} row={row} index={index} columns={columns} />
          })}
          {last && last.index < rows.length - 1 && (
            <Spacer height={virtualizer.getTotalSize() - (last.end - HEAD_HEIGHT)} span={columns.length} />
          )}
        </tbody>
      </table>
    </div>
  )
}

const FleetRow = memo(function FleetRow<R>({ row, index, columns }: { row: R; index: number; columns: readonly FleetColumn<R>[] }) {
  return (
    <tr aria-rowindex={index + 2}>
      {columns.map(({ id, className, cell }) => (
        <td key={id} className={className}>
          {cell(row)}
        </td>
      ))}
    </tr>
  )
}) as <R>(props: { row: R; index: number; columns: readonly FleetColumn<R>[] }) => ReactNode

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr className="spacer" aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  )
}
