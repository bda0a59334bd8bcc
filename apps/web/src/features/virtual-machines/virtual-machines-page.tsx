import { resources } from '@virtdeck/k8s'
import type { Status } from '@virtdeck/k8s'
import { Suspense, lazy, useCallback, useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import { deniedReason } from '../../api/access.ts'
import { fleets, useFleet } from '../../api/fleet.ts'
import { useLiveState } from '../../api/live-socket.ts'
import { paths } from '../../paths.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LockIcon, PinIcon, PlusIcon, SearchIcon, VmIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import { useMediaQuery } from '../../util/use-media-query.ts'
import { phoneColumns, shownColumns, useColumnChoice } from './column-choice.ts'
import { ColumnsMenu } from './columns-menu.tsx'
import { FacetBar } from './facet-bar.tsx'
import { QueryBox } from './query-box.tsx'
import { SCAN_EVERY_MS, scanSorted } from './scan-sorted.ts'
import { nothing, select, useSelection } from './selection.ts'
import { useListState } from './use-list-state.ts'
import { VmDialogs } from './vm-dialogs.tsx'
import { toggleToken } from './vm-query.ts'
import { formatSort } from './vm-sort.ts'
import { VmTable, VmTableSkeleton } from './vm-table.tsx'
import './vm-list.css'

/** Its button is there at once; what it opens comes after the rows. */
const ViewsMenu = lazy(() => import('./views-menu.tsx'))
const BulkBar = lazy(() => import('./bulk-bar.tsx'))

export function VirtualMachinesPage() {
  const fleet = useFleet('virtualmachines', SCAN_EVERY_MS)
  const list = useListState()
  const phone = useMediaQuery('(max-width: 720px)')
  const { choice, compact } = useColumnChoice()
  const [body, width] = useWidth()
  const page = useRef<HTMLDivElement>(null)
  const live = useLiveState()
  const shown = useStable(phone ? phoneColumns : shownColumns(choice, width))
  const scan = scanSorted(fleet.rows, list.terms, list.sort)
  const ready = fleet.status === 'ready'
  const selecting = useSelection(({ uids }) => uids.size > 0)
  useEffect(() => () => select(nothing), [])

  const box = (
    <QueryBox
      draft={list.draft}
      source={{ facets: scan.facets, rows: fleet.rows }}
      placeholder={phone ? 'Name, IP or label' : 'name, ip:10.42. or label:app=pay, status:paused'}
      onType={list.type}
      onDecide={list.decide}
      onEnter={() => page.current?.querySelector<HTMLElement>('tbody .name')?.focus()}
    />
  )

  return (
    <div className="vmlist" ref={page} data-density={compact ? 'compact' : undefined}>
      <title>Virtual machines · virtdeck</title>
      {phone ? (
        <div className="pq">
          <h1 className="sr">Virtual machines</h1>
          {box}
          <Button variant="primary" icon={PlusIcon} render={<Link to={paths.templates()} />} aria-label="Create VM" />
        </div>
      ) : (
        <div className="pagehead list">
          <h1>
            Virtual machines
            {ready && <Count shown={scan.rows.length} total={scan.total} />}
          </h1>
          {box}
          <Suspense
            fallback={
              <Button icon={PinIcon} caret>
                Views
              </Button>
            }
          >
            <ViewsMenu query={list.query} sort={list.sort} rows={scan.rows} shown={shown} />
          </Suspense>
          <ColumnsMenu shown={shown} />
          <Button variant="primary" icon={PlusIcon} render={<Link to={paths.templates()} />}>
            Create VM
          </Button>
        </div>
      )}
      <FacetBar
        facets={scan.facets}
        counted={ready}
        terms={list.terms}
        onToggle={(toggled) => list.decide({ ...list.draft, tokens: toggleToken(list.draft.tokens, toggled) })}
      />
      {ready && (
        <Announcement query={list.query} text={`${formatCount(scan.rows.length)} of ${formatCount(scan.total)} virtual machines`} />
      )}
      <div className="listbody" ref={body}>
        {content()}
        {/* Beside the table, which goes away when the last of its rows is deleted. */}
        {!phone && selecting && (
          <Suspense fallback={null}>
            <BulkBar />
          </Suspense>
        )}
      </div>
      <VmDialogs />
    </div>
  )

  function content() {
    if (fleet.status === 'loading') return <VmTableSkeleton shown={shown} width={width} selectable={!phone} />
    if (fleet.status === 'error') return <Unreachable status={fleet.error} />
    if (fleet.access?.scope === 'forbidden') return <Forbidden />
    if (scan.total === 0) return <NoVms />
    if (scan.rows.length === 0) return <NothingMatches total={scan.total} onClear={() => list.decide({ tokens: [], text: '' })} />
    return (
      <VmTable
        rows={scan.rows}
        sort={list.sort}
        onSort={list.sortBy}
        shown={shown}
        width={width}
        variant={`${phone} ${compact}`}
        stale={live.state === 'stale'}
        origin={`${list.query} ${formatSort(list.sort)}`}
        selectable={!phone}
      />
    )
  }
}

function Count({ shown, total }: { shown: number; total: number }) {
  return (
    <span className="count">
      {formatCount(shown)}
      {shown !== total && <i> of {formatCount(total)}</i>}
    </span>
  )
}

/** Says what a search has found; live changes alone do not talk. */
function Announcement({ query, text }: { query: string; text: string }) {
  const [said, setSaid] = useState({ query, text: '' })
  if (said.query !== query) setSaid({ query, text })
  return (
    <p className="sr" role="status">
      {said.text}
    </p>
  )
}

function Unreachable({ status }: { status?: Status }) {
  const retry = (
    <Button size="small" onClick={() => fleets.virtualmachines.retry()}>
      Try again now
    </Button>
  )
  return (
    <>
      <Banner tone="error" title="The virtual machines could not be read." action={retry}>
        {status?.message}
      </Banner>
      <div className="listempty">
        <EmptyState
          icon={VmIcon}
          title="Nothing to show yet"
          body="It is asked again and again: the list appears as soon as there is an answer."
        />
      </div>
    </>
  )
}

function Forbidden() {
  return (
    <div className="listempty">
      <EmptyState
        icon={LockIcon}
        title="No virtual machines for you to see"
        body={`${deniedReason({ verb: 'list', group: resources.virtualMachines.group, resource: resources.virtualMachines.plural })} Ask whoever runs the cluster for access to a namespace.`}
      />
    </div>
  )
}

function NoVms() {
  return (
    <div className="listempty">
      <EmptyState
        icon={VmIcon}
        title="No virtual machines yet"
        body="Pick a template, answer a few questions, and the first one starts."
        action={
          <Button variant="primary" icon={PlusIcon} render={<Link to={paths.templates()} />}>
            Create VM
          </Button>
        }
      />
    </div>
  )
}

function NothingMatches({ total, onClear }: { total: number; onClear: () => void }) {
  return (
    <div className="listempty">
      <EmptyState
        icon={SearchIcon}
        title="Nothing matches"
        body={
          total === 1 ? 'The one virtual machine is another one.' : `None of ${formatCount(total)} virtual machines fits all of the search.`
        }
        action={<Button onClick={onClear}>Clear the search</Button>}
      />
    </div>
  )
}

/** The width of an element in px, as it changes. */
function useWidth(): [(element: HTMLElement | null) => (() => void) | undefined, number] {
  const [width, setWidth] = useState(0)
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return undefined
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [ref, width]
}

/** The same array as long as it has the same content: rows compare it by identity. */
function useStable<T>(next: readonly T[]): readonly T[] {
  const [stable, setStable] = useState(next)
  if (next.join() === stable.join()) return stable
  setStable(next)
  return next
}
