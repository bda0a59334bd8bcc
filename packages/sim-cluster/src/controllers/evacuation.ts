// VMIs that have to leave their node (eviction, drain taint, descheduler) get a migration.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/drain/evacuation/evacuation.go
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import { isFinalMigration } from './indexes.ts'
import { conditionOf, keyOf, migrations, splitKey, vmis } from './objects.ts'
import { behaviourOf } from './behaviour.ts'
import { draftStatus, isFinal } from './vmis.ts'

export const isMigratable = (vmi: VirtualMachineInstance): boolean => conditionOf(vmi, 'LiveMigratable')?.status === 'True'

export function evacuationController(context: ControllerContext): Controller {
  const { objects, indexes, clock, random, record } = context

  function isDraining(node: string): boolean {
    const taints = (objects.get('nodes', undefined, node)?.spec?.taints ?? []) as { key: string }[]
    return taints.some((taint) => taint.key === 'kubevirt.io/drain')
  }

  return {
    name: 'evacuation',
    keysOf({ resource, object, type }) {
      if (type === 'DELETED') return []
      if (resource.plural === 'virtualmachineinstances') return [keyOf(object)]
      if (resource.plural === 'virtualmachines')
        return object.metadata.annotations?.['simulation.virtdeck.io/migrate-every-seconds'] ? [keyOf(object)] : []
      if (resource.plural === 'nodes') {
        if (!isDraining(object.metadata.name)) return []
        return indexes.podsOnNode(object.metadata.name).flatMap((pod) => {
          const vmi = pod.metadata.ownerReferences?.find((owner) => owner.kind === 'VirtualMachineInstance')
          return vmi ? [`${pod.metadata.namespace}/${vmi.name}`] : []
        })
      }
      return []
    },
    reconcile(key, reconcile) {
      const vmi = objects.get(vmis, ...splitKey(key))
      const node = vmi?.status?.nodeName
      if (!vmi || !node || isFinal(vmi) || vmi.metadata.deletionTimestamp || vmi.status?.phase !== 'Running') return
      const active = indexes.migrationsOfVmi(key).some((migration) => !isFinalMigration(migration))
      if (active) return
      const strategy = vmi.spec?.evictionStrategy
      const leaving = vmi.status.evacuationNodeName === node || isDraining(node)
      const moves = strategy === 'LiveMigrate' || strategy === 'LiveMigrateIfPossible'
      if (leaving && moves && !isMigratable(vmi) && strategy === 'LiveMigrate') {
        record(vmi, 'Normal', 'FailedCreate', 'VirtualMachineInstance is not migrateable', { component: 'evacuation-controller' })
        reconcile.requeueAfter(delays.remindOfEvacuation)
        return
      }
      if (leaving && moves && isMigratable(vmi)) {
        const name = `kubevirt-evacuation-${random.suffix()}`
        objects.create(migrations, {
          metadata: {
            name,
            ...(vmi.metadata.namespace ? { namespace: vmi.metadata.namespace } : {}),
            generateName: 'kubevirt-evacuation-',
            annotations: { 'kubevirt.io/evacuationMigration': node },
            labels: { 'kubevirt.io/vmi-name': vmi.metadata.name },
            finalizers: ['kubevirt.io/migrationJobFinalize'],
          },
          spec: { vmiName: vmi.metadata.name },
        })
        record(vmi, 'Normal', 'SuccessfulCreate', `Created Migration ${name}`, { component: 'evacuation-controller' })
        return
      }
      // The simulation's descheduler: some guests are moved again and again.
      const every = Number(behaviourOf(objects, vmi, 'migrate-every-seconds') ?? 0) * 1000
      if (every > 0 && isMigratable(vmi)) {
        const ended = vmi.status.migrationState?.endTimestamp as string | undefined
        const leftMs = ended ? Date.parse(ended) + every - clock.now() : 0
        if (leftMs > 0) {
          reconcile.requeueAfter(leftMs)
          return
        }
        const draft = draftStatus(context, vmi)
        draft.status.evacuationNodeName = node
        draft.write()
      }
    },
  }
}
