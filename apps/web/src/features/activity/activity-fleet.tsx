// What the list of activities says of itself.
import { Link, useLocation } from 'react-router'
import { defineFleet } from '../../components/fleet/fleet-kind.ts'
import { facetKey, facetMenu, namespaceColumn, namespaceKey, textColumn } from '../../components/fleet/shared-columns.tsx'
import { paths } from '../../paths.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { useClock } from '../../ui/clock.ts'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { formatDate, formatFullDate, formatTime } from '../../util/format.ts'
import { visibleText } from '../../util/visible-text.ts'
import type { ActivityRow } from './activity-rows.ts'
import { withEntry } from './activity-url.ts'
import { outcomeStates, outcomeWords } from './activity-words.ts'
import type { Outcome } from './activity-words.ts'

const outcomes: readonly Outcome[] = ['running', 'done', 'refused', 'failed', 'unknown']
/** What one must look at stands first. */
const outcomeOrder: Record<Outcome, number> = { failed: 0, refused: 1, unknown: 2, running: 3, done: 4 }

export const activityFleet = defineFleet<ActivityRow>({
  id: 'activities',
  title: 'Activity',
  one: 'operation',
  many: 'operations',
  placeholder: { wide: 'VM, user:ann, action:delete, status:refused', phone: 'User or VM' },
  flexible: 'object',
  order: { column: 'time', descending: true },
  columns: [
    {
      id: 'time',
      title: 'Time',
      width: 118,
      value: ({ at }) => at,
      cell: (row) => <TimeCell row={row} />,
      csv: { value: ({ at }) => new Date(at).toISOString() },
    },
    textColumn({ id: 'user', title: 'User', width: 150, of: ({ user }) => user }),
    textColumn({ id: 'action', title: 'Action', width: 140, of: ({ action }) => action }),
    textColumn({
      id: 'object',
      title: 'Object',
      width: 180,
      of: ({ object }) => object,
      cell: (row) => (row.object ?? row.activity.gate) !== undefined && <ObjectCell row={row} />,
    }),
    namespaceColumn,
    {
      id: 'result',
      title: 'Result',
      width: 180,
      value: ({ outcome }) => outcomeOrder[outcome],
      shown: ({ outcome }) => outcome,
      cell: (row) => <ResultCell row={row} />,
      csv: { value: ({ activity }) => activity.result?.status },
    },
    {
      id: 'took',
      title: 'Took',
      width: 72,
      className: 'mono dim',
      value: ({ activity }) => activity.result?.ms,
      cell: ({ activity }) => tookWords(activity.result?.ms),
      csv: { title: 'Took (ms)', value: ({ activity }) => activity.result?.ms },
      shows: 'where there is room',
    },
    textColumn({
      id: 'from',
      title: 'From',
      width: 130,
      className: 'mono dim',
      of: ({ activity }) => activity.client?.ip,
      shows: 'where there is room',
    }),
    textColumn({
      id: 'id',
      title: 'Request ID',
      width: 290,
      className: 'mono dim',
      of: ({ activity }) => activity.requestId,
      shows: 'when chosen',
    }),
  ],
  keys: {
    status: facetKey(outcomes.join(', '), ({ outcome }) => outcome, outcomes),
    user: facetKey('who: ann, or a pattern: *@example.com', ({ user }) => user),
    action: {
      kind: 'word',
      hint: 'start, migrate, "delete snapshot"',
      of: ({ action, activity }) => [action, activity.event],
      facet: { of: ({ action }) => action },
    },
    vm: { kind: 'word', hint: 'a pattern: web-*', of: ({ vm }) => vm?.name },
    namespace: namespaceKey,
    day: facetKey('2026-01-31', ({ day }) => day),
    time: { kind: 'beginning', hint: 'its beginning: "2026-01-31 12:4"', of: ({ time }) => time },
    kind: { kind: 'word', hint: 'virtualmachines, secrets', of: ({ activity }) => activity.target?.resource },
    from: { kind: 'word', hint: 'an address, or a pattern: 10.0.*', of: ({ activity }) => activity.client?.ip },
    id: { kind: 'beginning', hint: 'a request ID', of: ({ activity }) => [activity.requestId, activity.result?.auditId ?? ''] },
  },
  texts: ({ user, action, object, namespace, activity }) => [user, action, object, namespace, activity.target?.name, activity.event],
  attention: ({ outcome }) => (outcome === 'failed' ? 'failing' : outcome === 'refused' ? 'warning' : undefined),
  states: outcomes.map((value) => ({
    key: 'status',
    value,
    label: value === 'running' ? 'Under way' : outcomeWords(value, ''),
    state: outcomeStates[value],
  })),
  menus: [facetMenu('user', 'User'), facetMenu('action', 'Action'), facetMenu('namespace', 'Namespace'), facetMenu('day', 'Day')],
  state: 'result',
  phoneLine: (row) => (
    <>
      <When at={row.at} /> · <Bdi>{row.user}</Bdi>
      {row.namespace && (
        <>
          {' '}
          · <Bdi>{row.namespace}</Bdi>
        </>
      )}
    </>
  ),
})

/** What opens an operation's details; on phones, where it is a row's first line, it says what happened. */
function TimeCell({ row: { at, uid, action, object } }: { row: ActivityRow }) {
  const { search, state } = useLocation()
  const what = [action, object].filter(Boolean).join(' ')
  return (
    <Link
      className="name"
      to={{ search: withEntry(search, uid) }}
      state={state}
      title={formatFullDate(at)}
      aria-label={`${visibleText(what)}, ${formatFullDate(at)}`}
    >
      <span className="mono desk">
        <When at={at} />
      </span>
      <Bdi className="phone">{what}</Bdi>
    </Link>
  )
}

function When({ at }: { at: number }) {
  const today = useClock((nowMs) => new Date(nowMs).toDateString()) === new Date(at).toDateString()
  return <time dateTime={new Date(at).toISOString()}>{today ? formatTime(at) : formatDate(at)}</time>
}

function ObjectCell({ row: { object, vm, activity } }: { row: ActivityRow }) {
  if (object === undefined) return activity.gate
  const also = vm && activity.target?.name !== vm.name ? activity.target?.name : undefined
  return (
    <>
      {vm && !['vm.delete', 'vm.create'].includes(activity.event) ? (
        <Link to={paths.virtualMachine(vm)} title={object}>
          <Bdi>{object}</Bdi>
        </Link>
      ) : (
        <Bdi title={object}>{object}</Bdi>
      )}
      {also && (
        <span className="dim">
          {' '}
          <Bdi>{also}</Bdi>
        </span>
      )}
    </>
  )
}

function ResultCell({ row: { outcome, activity } }: { row: ActivityRow }) {
  const { event, result, change } = activity
  const code = outcome === 'failed' || outcome === 'refused' ? result?.status : undefined
  return (
    <>
      <StatusBadge state={outcomeStates[outcome]} word={outcomeWords(outcome, event)} />
      {code !== undefined && <span className="mono dim"> {code}</span>}
      {change?.dryRun && <span className="dim"> dry run</span>}
    </>
  )
}

/** `42 ms`, `1.2 s`, `14 min`. */
export function tookWords(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined
  if (ms < 1_000) return `${ms} ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min`
}
