import { resources } from '@virtdeck/k8s'
import { Link } from 'react-router'
import { useAccess } from '../../api/access.ts'
import { listActivities } from '../../api/activity-access.ts'
import { useNow } from '../../api/now.ts'
import { useWatchList } from '../../api/watch.ts'
import { paths } from '../../paths.ts'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon, InfoIcon } from '../../ui/icons.ts'
import { Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatDate, formatFullDate, formatTime } from '../../util/format.ts'
import { useVmRef, type VmObjects } from '../../components/vm/use-vm.ts'
import { useVmEvents } from './use-vm-events.ts'
import { vmActivity, type Activity } from './vm-activity.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'

const shown = 8

export function ActivityPanel({ objects }: { objects: VmObjects }) {
  const ref = useVmRef()
  const { namespace, name } = ref
  const { events, status } = useVmEvents(ref, objects)
  const mayListActivities = useAccess()(listActivities).allowed === true
  const snapshots = useWatchList(resources.virtualMachineSnapshots, { namespace }).items.filter(
    (snapshot) => snapshot.spec.source.name === name,
  )
  const restores = useWatchList(resources.virtualMachineRestores, { namespace }).items.filter(
    (restore) => restore.spec.target.name === name,
  )
  const activity = vmActivity({ events, migrations: objects.migrations, snapshots, restores })

  return (
    <Panel
      title="Recent activity"
      actions={
        <>
          {mayListActivities && (
            <Link className="lnk" to={paths.activity(`vm:${name} namespace:${namespace}`)}>
              Who did what
            </Link>
          )}
          {events.length > 0 && (
            <Link className="lnk" to={paths.virtualMachine(ref, 'events')}>
              {events.length === 1 ? '1 event' : `All ${events.length} events`}
            </Link>
          )}
        </>
      }
    >
      {activity.length === 0 ? (
        <p className="pad dim">{status === 'loading' ? 'Loading' : 'Nothing in the last hour.'}</p>
      ) : (
        <ul className="tl-list">
          {activity.slice(0, shown).map((one) => (
            <ActivityLine key={one.id} activity={one} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function ActivityLine({ activity: { at, state, text, detail, percent } }: { activity: Activity }) {
  const now = useNow(60_000)
  const today = new Date(at * 1000).toDateString() === new Date(now).toDateString()
  return (
    <li className="ev">
      <time dateTime={new Date(at * 1000).toISOString()} title={formatFullDate(at * 1000)}>
        {today ? formatTime(at * 1000) : formatDate(at * 1000, now).replace(/,.*/, '')}
      </time>
      <Mark state={state} />
      <div>
        <p>
          <Bdi title={text} maxCharacters={DETAIL_CHARACTERS}>
            {text}
          </Bdi>
        </p>
        {state === 'running' && <Progress value={percent} label={visibleText(text)} />}
        {detail && <Bdi className="who">{detail}</Bdi>}
      </div>
    </li>
  )
}

function Mark({ state }: { state: Activity['state'] }) {
  switch (state) {
    case 'running':
      return <StateGlyph state="transit" className="c-transit" />
    case 'done':
      return <IconMark icon={CheckIcon} className="c-running" />
    case 'failed':
      return <StateGlyph state="error" className="c-error" />
    case 'warning':
      return <StateGlyph state="warning" className="c-warning" />
    case 'plain':
      return <IconMark icon={InfoIcon} />
  }
}
