// Nodes and events as time passes: heartbeats of virt-handler and kubelet, and the end of old events.
import type { Condition } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import { keyOf, splitKey } from './objects.ts'

export function heartbeatController({ objects, clock, waits }: ControllerContext): Controller {
  return {
    name: 'heartbeats',
    keysOf: ({ resource, object, type }) =>
      resource.plural === 'nodes' && resource.group === '' && type === 'ADDED' ? [keyOf(object)] : [],
    reconcile(key, reconcile) {
      const node = objects.get('nodes', undefined, key)
      if (!node) return
      if (waits.passed(`heartbeat ${key}`, delays.nodeHeartbeat, reconcile)) {
        const now = timestamp(clock)
        const conditions = ((node.status?.conditions ?? []) as (Condition & { lastHeartbeatTime?: string })[]).map((condition) => ({
          ...condition,
          lastHeartbeatTime: now,
        }))
        objects.update('nodes', {
          ...node,
          metadata: { ...node.metadata, annotations: { ...node.metadata.annotations, 'kubevirt.io/heartbeat': now } },
          status: { ...node.status, conditions } as never,
        })
        waits.passed(`heartbeat ${key}`, delays.nodeHeartbeat, reconcile)
      }
    },
  }
}

/** kube-apiserver keeps events for an hour after they were last seen. */
export function eventExpiry({ objects, storage, clock }: ControllerContext): Controller {
  return {
    name: 'event-expiry',
    keysOf: ({ resource, object, type }) => (resource.plural === 'events' && type === 'ADDED' ? [keyOf(object)] : []),
    reconcile(key, reconcile) {
      const [namespace, name] = splitKey(key)
      const event = objects.get('events', namespace, name)
      if (!event) return
      const seen = (event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp) as unknown as string
      const leftMs = Date.parse(seen) + delays.keepEvents - clock.now()
      if (leftMs > 0) reconcile.requeueAfter(leftMs)
      else storage.delete('events', namespace, name)
    },
  }
}
