// Life in a fleet: every now and then somebody restarts a VM, or the descheduler moves one.
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { isMigratable } from './evacuation.ts'
import { keyOf, splitKey, vmis, vms } from './objects.ts'

const annotation = 'simulation.virtdeck.io/churn-per-minute'

/** Driven by an annotation of the KubeVirt CR, so that it can be turned on and off while the cluster runs. */
export function churnController({ objects, random, waits }: ControllerContext): Controller {
  function oneChange(): void {
    const running = objects.list(vmis)
    const vmi = running[random.integer(running.length)]
    const vm = vmi && objects.get(vms, vmi.metadata.namespace, vmi.metadata.name)
    if (!vm || vmi.status?.phase !== 'Running' || vm.status?.printableStatus !== 'Running') return
    if (random.next() < 0.6 && isMigratable(vmi) && vmi.status.nodeName) {
      objects.setStatus(vmis, vmi, { ...vmi.status, evacuationNodeName: vmi.status.nodeName })
    } else if (!vm.status.stateChangeRequests?.length) {
      objects.setStatus(vms, vm, { ...vm.status, stateChangeRequests: [{ action: 'Stop', uid: vmi.metadata.uid }, { action: 'Start' }] })
    }
  }

  return {
    name: 'churn',
    keysOf: ({ resource, object }) => (resource.plural === 'kubevirts' ? [keyOf(object)] : []),
    reconcile(key, reconcile) {
      const perMinute = Number(objects.get('kubevirts.kubevirt.io', ...splitKey(key))?.metadata.annotations?.[annotation] ?? 0)
      if (!(perMinute > 0)) return
      const everyMs = Math.round(60_000 / perMinute)
      if (waits.passed('churn', everyMs, reconcile)) {
        oneChange()
        waits.passed('churn', everyMs, reconcile)
      }
    },
  }
}
