import { Suspense, lazy, useMemo, useState } from 'react'
import { useLocation } from 'react-router'
import { listActivities } from '../../api/activity-access.ts'
import { whyDenied } from '../../api/access.ts'
import { useWatchList, watches } from '../../api/watch.ts'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { EventsIcon } from '../../ui/icons.ts'
import { activityFleet } from './activity-fleet.tsx'
import { activities, activityRow } from './activity-rows.ts'
import { entryOf } from './activity-url.ts'

const ActivityDrawer = lazy(() => import('./activity-drawer.tsx'))

/** What people did through this server: its own log, live. */
export function ActivityPage() {
  const [attempt, setAttempt] = useState(0)
  return (
    <Activities
      key={attempt}
      onRetry={() => {
        watches.forget()
        setAttempt(attempt + 1)
      }}
    />
  )
}

function Activities({ onRetry }: { onRetry: () => void }) {
  const { status, items, error } = useWatchList(activities, {})
  const rows = useMemo(() => items.map(activityRow), [items])
  const { search } = useLocation()
  const entry = entryOf(search)
  const open = rows.find(({ uid }) => uid === entry)
  const forbidden = error?.code === 403 ? error : undefined
  const reason = whyDenied(listActivities)

  return (
    <FleetPage
      kind={activityFleet}
      icon={EventsIcon}
      fleet={
        forbidden
          ? { status: 'ready', rows: [], access: { scope: 'forbidden', status: forbidden } }
          : { status: status === 'error' && rows.length > 0 ? 'ready' : status, rows, error }
      }
      onRetry={onRetry}
      empty={{ title: 'Nothing yet', body: 'What people change, open and sign in to through this server shows here.' }}
      forbidden={`${reason} Ask whoever runs the cluster for the ClusterRole virtdeck-auditor.`}
      create={
        !forbidden && (
          <span className="dim" title="Behind a load balancer, other replicas have logs of their own. Older lines are in the log itself.">
            This server’s last 2,000
          </span>
        )
      }
    >
      {open && (
        <Suspense fallback={null}>
          <ActivityDrawer row={open} />
        </Suspense>
      )}
    </FleetPage>
  )
}
