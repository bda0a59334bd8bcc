// Running VMIs that can only get what was asked of them in a new launcher are migrated; what is no longer asked is not.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-controller/watch/workload-updater/workload-updater.go
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays } from './delays.ts'
import { isMigratable } from './evacuation.ts'
import { isFinalMigration } from './indexes.ts'
import { conditionOf, isTrue, keyOf, migrations, splitKey, vmis, type Kinds } from './objects.ts'
import { workloadUpdate } from './migrations.ts'
import { kubeVirtCr } from './vmi-spec.ts'

const waitsForMigration = (vmi: VirtualMachineInstance): boolean =>
  conditionOf(vmi, 'HotVCPUChange') !== undefined || isTrue(vmi, 'HotMemoryChange') || isTrue(vmi, 'MigrationRequired')

export function workloadUpdateController({ objects, indexes, random, record, waits }: ControllerContext): Controller {
  const component = { component: 'workload-update-controller' }

  const underway = (key: string) => indexes.migrationsOfVmi(key).filter((migration) => !isFinalMigration(migration))

  /** Deletes the migrations of an update that was taken back, unless the guest is over there already. */
  function abort(vmi: VirtualMachineInstance): void {
    if (vmi.status?.migrationState?.targetNodeDomainReadyTimestamp && !vmi.status.migrationState.completed) return
    for (const migration of underway(keyOf(vmi))) {
      if (migration.metadata.annotations?.[workloadUpdate] === undefined || migration.metadata.deletionTimestamp) continue
      objects.remove(migrations, migration)
      record(vmi, 'Normal', 'SuccessfulChangeAbortion', `Aborted change for vmi: ${vmi.metadata.name}`, component)
    }
  }

  return {
    name: 'workload-updates',
    keysOf({ resource, object, previous, type }) {
      if (resource.plural === 'virtualmachineinstancemigrations') {
        const migration = object as unknown as Kinds[typeof migrations]
        return isFinalMigration(migration) || type === 'DELETED' ? [`${object.metadata.namespace}/${migration.spec?.vmiName}`] : []
      }
      if (resource.plural !== 'virtualmachineinstances' || type === 'DELETED') return []
      const [now, then] = [object, previous] as unknown as [VirtualMachineInstance, VirtualMachineInstance | undefined]
      return waitsForMigration(now) || (then && waitsForMigration(then)) ? [keyOf(object)] : []
    },
    reconcile(key, reconcile) {
      const vmi = objects.get(vmis, ...splitKey(key))
      if (!vmi || vmi.status?.phase !== 'Running' || vmi.metadata.deletionTimestamp) return
      if (!waitsForMigration(vmi)) {
        abort(vmi)
        return
      }
      const methods = kubeVirtCr(objects)?.spec.workloadUpdateStrategy?.workloadUpdateMethods ?? []
      if (!methods.includes('LiveMigrate') || !isMigratable(vmi) || underway(key).length > 0) return
      if (!waits.passed(`update ${vmi.metadata.uid}`, delays.updateWorkloads, reconcile)) return
      const name = `kubevirt-workload-update-${random.suffix()}`
      objects.create(migrations, {
        metadata: {
          name,
          ...(vmi.metadata.namespace ? { namespace: vmi.metadata.namespace } : {}),
          generateName: 'kubevirt-workload-update-',
          annotations: { [workloadUpdate]: '' },
          labels: { 'kubevirt.io/vmi-name': vmi.metadata.name },
          finalizers: ['kubevirt.io/migrationJobFinalize'],
        },
        spec: { vmiName: vmi.metadata.name },
      })
      record(vmi, 'Normal', 'SuccessfulCreate', `Created Migration ${name} for automated workload update`, component)
    },
  }
}
