// The Activity page's watch: the latest operations of this replica, for those whom the cluster lets list them.
import { StatusError, accessReview, failure, type AccessQuestion, type SelfSubjectAccessReview } from '@virtdeck/k8s'
import type { Session } from '../auth/sessions.ts'
import type { Context } from '../context.ts'
import { doubting, type PersonalWatch, type WatchOut } from '../live/personal-watch.ts'
import type { LiveRequest } from '../protocol.ts'
import { refusal } from '../refusal.ts'
import { passGate } from '../k8s/gate.ts'

/** No API server serves it: RBAC knows it all the same, so that a ClusterRole grants it like anything else. */
const activityAccess: AccessQuestion = { verb: 'list', group: 'virtdeck.io', resource: 'activities' }
export const activityPath = '/apis/virtdeck.io/v1/activities'

/** Throws what the gate throws for selectors, which it does not have. */
export function startActivityWatch(
  context: Context,
  session: Session,
  { id, path, fieldSelector, labelSelector }: LiveRequest & { type: 'watch' },
  { send, end, isSlow }: WatchOut,
): PersonalWatch {
  passGate('WATCH', fieldSelector || labelSelector ? `${path}?selector` : path)
  let stopListening: (() => void) | undefined
  let stopped = false

  const begin = async () => {
    await assertAllowed(context, session)
    if (stopped) return
    const { history } = context.audit
    send({ type: 'objects', id, items: history.list() })
    stopListening = history.onChange(({ type, object }) => {
      if (isSlow()) end(refusal(429, 'The connection is too slow for this watch.'))
      else send({ type: 'event', id, event: type, object })
    })
  }
  begin().catch(end)

  return {
    stop() {
      stopped = true
      stopListening?.()
    },
    recheck: doubting(() => (stopListening ? assertAllowed(context, session) : begin()), end),
  }
}

/** Throws 403 unless the API server says that the person may list activities, across the cluster. */
async function assertAllowed({ kubeconfig, upstream, sessions }: Context, session: Session): Promise<void> {
  const dial = await kubeconfig.dial(sessions.current(session).credential)
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const { status } = await upstream.json<SelfSubjectAccessReview>(dial, 'POST', path, accessReview(activityAccess))
  if (status?.allowed) return
  const { verb, group, resource } = activityAccess
  throw new StatusError(
    failure(403, `${resource}.${group} is forbidden: you may not ${verb} what people did through this server`, {
      details: { group, kind: resource },
    }),
  )
}
