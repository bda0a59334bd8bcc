import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { Elapsed } from '../../ui/elapsed.tsx'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { EventsIcon, SearchIcon } from '../../ui/icons.ts'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { formatCount } from '../../util/format.ts'
import { useVm, useVmRef, type VmObjects } from '../../components/vm/use-vm.ts'
import { useVmEvents } from './use-vm-events.ts'
import { kindWord, matchesEvent, type VmEvent } from './vm-events.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

export function VmEventsTab() {
  const state = useVm(useVmRef())
  return state.status === 'ready' ? <Events objects={state} /> : null
}

function Events({ objects }: { objects: VmObjects }) {
  const ref = useVmRef()
  const { events, status, error } = useVmEvents(ref, objects)
  const [parameters, setParameters] = useSearchParams()
  const [text, setText] = useState(parameters.get('q') ?? '')
  const warnings = parameters.get('type') === 'Warning'
  const shown = events.filter((event) => matchesEvent(event, { text, warnings }))
  const warningCount = events.filter((event) => event.warning).length

  function change(key: string, value: string) {
    setParameters(
      (before) => {
        const next = new URLSearchParams(before)
        if (value) next.set(key, value)
        else next.delete(key)
        return next
      },
      { replace: true },
    )
  }

  function clear() {
    setText('')
    setParameters({}, { replace: true })
  }

  function search(value: string) {
    setText(value)
    change('q', value)
  }

  return (
    <div className="eventstab">
      <div className="eventsbar">
        <TextInput aria-label="Filter events" placeholder="Filter events" value={text} onChange={({ target }) => search(target.value)} />
        <button type="button" className="facet" aria-pressed={warnings} onClick={() => change('type', warnings ? '' : 'Warning')}>
          Warnings<em>{formatCount(warningCount)}</em>
        </button>
      </div>
      {error && (
        <Banner tone="error" title="Not all events can be read.">
          {error.message}
        </Banner>
      )}
      {shown.length > 0 ? <EventsTable events={shown} /> : <NoEvents status={status} any={events.length > 0} onClear={clear} />}
    </div>
  )
}

function EventsTable({ events }: { events: readonly VmEvent[] }) {
  return (
    <div className="tablewrap" tabIndex={0} role="group" aria-label="Events">
      <table className="rt evt">
        <thead>
          <tr>
            <th>Last seen</th>
            <th>Reason</th>
            <th>Message</th>
            <th>Object</th>
            <th className="num">Count</th>
            <th>Reported by</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.uid}>
              <td>
                <Elapsed since={event.lastAt} className="mono dim" />
              </td>
              <td className="nowrap">
                <span className={event.warning ? 'badge warning' : 'badge'}>
                  {event.warning && <StateGlyph state="warning" />}
                  <b>
                    <Bdi>{event.reason}</Bdi>
                  </b>
                  {event.warning && <span className="sr">Warning</span>}
                </span>
              </td>
              <td className="msg">
                <Bdi maxCharacters={DETAIL_CHARACTERS}>{event.message}</Bdi>
              </td>
              <td className="nowrap">
                <Bdi className="dim">{kindWord(event.kind)}</Bdi> <Bdi className="mono">{event.name}</Bdi>
              </td>
              <td className={event.count === 1 ? 'num mono once' : 'num mono'}>{formatCount(event.count)}</td>
              <td className="mono dim nowrap">{event.component && <Bdi>{event.component}</Bdi>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NoEvents({ status, any, onClear }: { status: string; any: boolean; onClear(): void }) {
  if (any) return <EmptyState icon={SearchIcon} title="No event matches" action={<Button onClick={onClear}>Clear the filter</Button>} />
  if (status === 'loading') return <SkeletonLines label="Loading events" />
  if (status === 'error') return null
  return (
    <EmptyState
      icon={EventsIcon}
      title="No events now"
      body="The cluster keeps events for about an hour. What happens next appears here by itself."
    />
  )
}
