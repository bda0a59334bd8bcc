// Event objects as KubeVirt's and the scheduler's recorders write them: repeated ones are counted, not repeated.
// https://github.com/kubernetes/client-go/blob/release-1.32/tools/record/events_cache.go
import type { StoredMeta } from '@virtdeck/k8s'
import { microTimestamp, timestamp, type Clock } from '../clock.ts'
import type { Objects } from './objects.ts'

type Involved = { apiVersion?: string; kind?: string; metadata: StoredMeta }

export type RecordEvent = (
  object: Involved,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  from?: { component: string; host?: string },
) => void

const controller = { component: 'virtualmachine-controller' }

export function createRecorder(objects: Objects, clock: Clock): RecordEvent {
  const known = new Map<string, string>()
  let sequence = 0
  return (object, type, reason, message, from = controller) => {
    const namespace = object.metadata.namespace ?? 'default'
    const same = `${object.metadata.uid} ${type} ${reason} ${message} ${from.component}`
    const now = timestamp(clock)
    const existing = objects.get('events', namespace, known.get(same))
    if (existing) {
      objects.update('events', { ...existing, count: (existing.count ?? 1) + 1, lastTimestamp: now as never })
      return
    }
    sequence += 1
    const name = `${object.metadata.name}.${(BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(sequence)).toString(16)}`
    if (known.size > 20_000) known.clear()
    known.set(same, name)
    const involvedObject = {
      kind: object.kind,
      namespace,
      name: object.metadata.name,
      uid: object.metadata.uid,
      apiVersion: object.apiVersion,
      resourceVersion: object.metadata.resourceVersion,
    }
    const scheduler = from.component === 'default-scheduler'
    objects.create('events', {
      metadata: { name, namespace },
      involvedObject,
      reason,
      message,
      source: scheduler ? {} : { component: from.component, ...(from.host ? { host: from.host } : {}) },
      ...(scheduler
        ? {
            firstTimestamp: null,
            lastTimestamp: null,
            eventTime: microTimestamp(clock),
            action: reason === 'Scheduled' ? 'Binding' : 'Scheduling',
          }
        : { firstTimestamp: now, lastTimestamp: now, count: 1, eventTime: null }),
      type,
      reportingComponent: from.component,
      reportingInstance: scheduler ? 'default-scheduler' : (from.host ?? ''),
    } as never)
  }
}
