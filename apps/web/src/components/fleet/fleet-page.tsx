// A page that lists a fleet: search, facets, views, columns, and the table. What is special about one is handed in.
import type { Status } from '@virtdeck/k8s'
import type { Access } from '@virtdeck/server/protocol'
import { Suspense, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { ReactNode } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { useLiveState } from '../../api/live-socket.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import type { Icon } from '../../ui/icon.tsx'
import { ColumnsIcon, LockIcon, PinIcon, SearchIcon } from '../../ui/icons.ts'
import { MenuOnDemand, actionMenus } from '../../ui/menu.tsx'
import { tooltips } from '../../ui/tooltip.tsx'
import { formatCount } from '../../util/format.ts'
import { onDemand } from '../../util/on-demand.ts'
import type { OnDemand } from '../../util/on-demand.ts'
import { useMediaQuery } from '../../util/use-media-query.ts'
import { whenIdle } from '../../util/when-idle.ts'
import { shownColumns, useListEntry, useListLooks } from './columns.ts'
import type { ListEntry } from './columns.ts'
import { HowToGetIt } from '../missing-right.tsx'
import { FacetBar, facetMenus } from './facet-bar.tsx'
import type { Beside, FleetKind, FleetRow } from './fleet-kind.ts'
import { FleetTable } from './fleet-table.tsx'
import { isToken, toggleToken } from './language.ts'
import { useEmptied } from './neighbour.ts'
import { formatOrder } from './order.ts'
import { QueryBox } from './query-box.tsx'
import type { Scan } from './scan.ts'
import { isBare } from './list-search.ts'
import { openingView, viewEntry, viewSearch } from './saved-views.ts'
import { nothing, select, useSelection } from './selection.ts'
import { FleetTableSkeleton } from './table-skeleton.tsx'
import { useListState } from './use-list-state.ts'
import type { ListState } from './use-list-state.ts'
import { useRoom } from './use-room.ts'
import { useScan } from './use-scan.ts'

const viewsMenus = onDemand(() => import('./views-menu.tsx'))
const columnsMenus = onDemand(() => import('./columns-menu.tsx'))
const viewsButton = (
  <Button icon={PinIcon} caret>
    Views
  </Button>
)
const viewsButtonOnPhone = <Button icon={PinIcon} aria-label="Views" />
const columnsButton = <Button icon={ColumnsIcon}>Columns</Button>

/** What a hand may reach for next comes once the rows are there. */
const later: readonly Pick<OnDemand<unknown>, 'want'>[] = [facetMenus, actionMenus, tooltips, viewsMenus, columnsMenus]

type FleetPageProps<R extends FleetRow> = {
  kind: FleetKind<R>
  icon: Icon
  fleet: { status: 'loading' | 'ready' | 'error'; rows: readonly R[]; access?: Access | undefined; error?: Status | undefined }
  /** Absent where it is asked again by itself. */
  onRetry?: () => void
  /** While there are no rows at all. */
  empty: { title: string; body: ReactNode; action?: ReactNode }
  /** Where the user may list them nowhere; without, the API server's own words. */
  forbidden?: string
  /** The page's primary button, and the same with less room. */
  create?: ReactNode
  createOnPhone?: ReactNode
  /** Shown while rows are selected. Without it, none can be. */
  bulk?: ReactNode
  /** Beside the table. */
  aside?: ReactNode
  /** Dialogs. */
  children?: ReactNode
}

export function FleetPage<R extends FleetRow>(props: FleetPageProps<R>) {
  const { kind, icon, fleet, onRetry, empty, forbidden, create, createOnPhone, bulk, aside, children } = props
  useOpeningView(kind.id)
  const list = useListState(kind)
  const phone = useMediaQuery('(max-width: 720px)')
  const { columns: choice, compact } = useListLooks(kind.id)
  const page = useRef<HTMLDivElement>(null)
  const live = useLiveState()
  useBeside(kind.beside, list)
  const scan = useScan(kind, fleet.rows, list.terms, list.order)
  // Where nothing may be seen there is nothing to count, to search or to choose.
  const hidden = fleet.status === 'ready' && fleet.access?.scope === 'forbidden'
  const ready = fleet.status === 'ready' && scan !== undefined && !hidden
  useEmptied(ready && scan.rows.length > 0, page)
  const variant = `${phone} ${compact}`
  const [body, room] = useRoom(variant, ready)
  const shown = useStable(shownColumns(kind, choice, room?.width ?? 0))
  const selecting = useSelection(({ uids }) => uids.size > 0)
  const selectable = bulk !== undefined
  useEffect(() => () => select(nothing), [kind])
  useEffect(() => (ready ? whenIdle(() => later.forEach((part) => part.want())) : undefined), [ready])

  const viewsTrigger = phone ? viewsButtonOnPhone : viewsButton
  const views = (
    <MenuOnDemand part={viewsMenus} trigger={viewsTrigger}>
      {({ ViewsMenu }) => (
        <ViewsMenu
          trigger={viewsTrigger}
          kind={kind}
          list={list}
          rows={scan?.rows ?? []}
          all={fleet.rows}
          shown={shown}
          total={phone ? scan?.total : undefined}
        />
      )}
    </MenuOnDemand>
  )
  const box = (
    <QueryBox
      label={`Search ${kind.many}`}
      draft={list.draft}
      source={{ language: kind.language, facets: scan?.facets ?? {}, rows: fleet.rows, beside: kind.beside }}
      placeholder={phone ? kind.placeholder.phone : kind.placeholder.wide}
      onType={list.type}
      onDecide={list.decide}
      onEnter={() => page.current?.querySelector<HTMLElement>('tbody .name')?.focus()}
    />
  )

  return (
    <div className="fleetpage" ref={page} data-density={compact ? 'compact' : undefined}>
      <title>{`${kind.title} · virtdeck`}</title>
      {hidden ? (
        <div className={phone ? 'sr' : 'pagehead list'}>
          <h1>{kind.title}</h1>
        </div>
      ) : phone ? (
        <div className="pq">
          <h1 className="sr">{kind.title}</h1>
          {box}
          {views}
          {createOnPhone}
        </div>
      ) : (
        <div className="pagehead list">
          <h1>
            {kind.title}
            {ready && <Count shown={scan.rows.length} total={scan.total} />}
          </h1>
          {box}
          {views}
          <MenuOnDemand part={columnsMenus} trigger={columnsButton}>
            {({ ColumnsMenu }) => <ColumnsMenu trigger={columnsButton} kind={kind} shown={shown} rows={fleet.rows} />}
          </MenuOnDemand>
          {create}
        </div>
      )}
      {!hidden && (
        <FacetBar
          kind={kind}
          facets={ready ? scan.facets : undefined}
          terms={list.terms}
          onToggle={(toggled) => list.decide({ ...list.draft, tokens: toggleToken(list.draft.tokens, toggled) })}
        />
      )}
      {ready && <Announcement query={list.query} text={`${formatCount(scan.rows.length)} of ${formatCount(scan.total)} ${kind.many}`} />}
      <div className={aside ? 'fleetsplit' : 'fleetwhole'}>
        <div className="listbody" ref={body}>
          {content()}
          {/* Beside the table, which goes away when the last of its rows is deleted. */}
          {selectable && selecting && <Suspense fallback={null}>{bulk}</Suspense>}
        </div>
        {aside}
      </div>
      {children}
    </div>
  )

  function content() {
    if (fleet.status === 'error') return <Unreachable what={kind.title.toLowerCase()} icon={icon} status={fleet.error} onRetry={onRetry} />
    if (fleet.status === 'loading' || !scan || !room)
      return <FleetTableSkeleton kind={kind} shown={shown} width={room?.width ?? 0} selectable={selectable && !phone} />
    if (fleet.access?.scope === 'forbidden')
      return <Forbidden what={kind.title.toLowerCase()} body={forbidden ?? fleet.access.status.message} status={fleet.access.status} />
    if (scan.total === 0)
      return (
        <div className="listempty" tabIndex={-1}>
          <EmptyState icon={icon} {...empty} />
        </div>
      )
    if (scan.rows.length === 0) return <NothingMatches kind={kind} scan={scan} onClear={() => list.decide({ tokens: [], text: '' })} />
    return (
      <FleetTable
        kind={kind}
        rows={scan.rows}
        group={list.group}
        order={list.order}
        onOrder={list.orderBy}
        shown={shown}
        phone={phone}
        room={room}
        variant={variant}
        stale={live.state === 'stale'}
        origin={`${list.query} ${formatOrder(list.order, kind.order) ?? ''} ${list.group ?? ''}`}
        selectable={selectable}
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

function Unreachable({ what, icon, status, onRetry }: { what: string; icon: Icon; status?: Status | undefined; onRetry?: () => void }) {
  const retry = onRetry && (
    <Button size="small" onClick={onRetry}>
      Try again now
    </Button>
  )
  return (
    <>
      <Banner tone="error" title={`The ${what} could not be read.`} action={retry}>
        {status?.message}
      </Banner>
      <div className="listempty" tabIndex={-1}>
        <EmptyState
          icon={icon}
          title="Nothing to show yet"
          body="It is asked again and again: the list appears as soon as there is an answer."
        />
      </div>
    </>
  )
}

function Forbidden({ what, body, status }: { what: string; body: string | undefined; status: Status }) {
  const missing = status.code === 404
  return (
    <div className="listempty" tabIndex={-1}>
      <EmptyState
        icon={LockIcon}
        title={missing ? `This cluster has no ${what}` : `No ${what} for you to see`}
        body={missing ? 'What they are kept by is not installed. An operator can add it; nothing else in virtdeck depends on it.' : body}
        action={!missing && <HowToGetIt reason={body} />}
      />
    </div>
  )
}

type NothingProps<R extends FleetRow> = { kind: FleetKind<R>; scan: Scan<R>; onClear: () => void }

function NothingMatches<R extends FleetRow>({ kind, scan: { total }, onClear }: NothingProps<R>) {
  const what = kind.title.toLowerCase()
  return (
    <div className="listempty" tabIndex={-1}>
      <EmptyState
        icon={SearchIcon}
        title="Nothing matches"
        body={total === 1 ? `The only ${kind.one} is another one.` : `None of ${formatCount(total)} ${what} fits all of the search.`}
        action={<Button onClick={onClear}>Clear the search</Button>}
      />
    </div>
  )
}

/**
 * A list of which the URL says nothing opens with the view that was chosen for that; unless somebody cleared its search: then
 * they come back to the whole list, from another page or with a reload.
 */
function useOpeningView(kindId: string): void {
  const { search } = useLocation()
  const entry = useListEntry()
  const navigate = useNavigate()
  const opened = useRef(false)
  useEffect(() => {
    const opening = !opened.current
    opened.current = true
    const parameters = new URLSearchParams(search)
    const view = isBare(parameters) && !entry.cleared ? openingView(kindId) : undefined
    if (!view) return
    const state: ListEntry = opening ? { ...entry, ...viewEntry(view) } : { ...entry, cleared: true }
    void navigate({ search: opening ? viewSearch(view, parameters) : search }, { replace: true, state })
  }, [kindId, navigate, search, entry])
}

/** Renders with what is known beside the rows where that is searched, or sorted by. */
function useBeside(beside: Beside | undefined, { terms, order }: ListState) {
  const asked = beside?.columns.includes(order.column) || terms.some((term) => isToken(term) && beside?.keys.includes(term.key))
  useSyncExternalStore(asked && beside ? beside.subscribe : nothingChanges, beside?.version ?? zero)
}

const zero = () => 0
const nothingChanges = () => () => {}

/** The same array as long as it has the same content: rows compare it by identity. */
function useStable<T>(next: readonly T[]): readonly T[] {
  const [stable, setStable] = useState(next)
  if (next.join() === stable.join()) return stable
  setStable(next)
  return next
}
