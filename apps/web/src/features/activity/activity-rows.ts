// What people did through this server, as rows of a list.
import type { Resource } from '@virtdeck/k8s'
import type { Activity } from '@virtdeck/server/protocol'
import { actorWords, eventWords, outcomeOf } from './activity-words.ts'
import type { Outcome } from './activity-words.ts'

/** The server's own kind: no API server has it. */
export const activities: Resource<Activity> = {
  group: 'virtdeck.io',
  version: 'v1',
  plural: 'activities',
  kind: 'Activity',
  namespaced: false,
}

export type ActivityRow = {
  uid: string
  /** The operation's own name, `CHAIN-SEQ`. */
  name: string
  namespace?: string
  /** Milliseconds since the epoch. */
  at: number
  /** `2026-01-31` and `2026-01-31 12:41:07`, in the browser's time zone. */
  day: string
  time: string
  user: string
  action: string
  outcome: Outcome
  /** What it was done to: a VM, or another object's name. */
  object?: string
  vm?: { namespace: string; name: string }
  activity: Activity
}

const known = new WeakMap<Activity, ActivityRow>()

/** One row for each version of an operation. */
export function activityRow(activity: Activity): ActivityRow {
  const row = known.get(activity) ?? project(activity)
  known.set(activity, row)
  return row
}

function project(activity: Activity): ActivityRow {
  const { metadata, actor, event, target } = activity
  const date = new Date(metadata.creationTimestamp)
  const pad = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  const namespace = target?.namespace
  const object = target?.vm ?? target?.name
  return {
    uid: metadata.uid,
    name: metadata.name,
    ...(namespace !== undefined && { namespace }),
    at: date.getTime(),
    day,
    time: `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`,
    user: actorWords(actor),
    action: eventWords(event),
    outcome: outcomeOf(activity),
    ...(object !== undefined && { object }),
    ...(target?.vm !== undefined && namespace !== undefined && { vm: { namespace, name: target.vm } }),
    activity,
  }
}
