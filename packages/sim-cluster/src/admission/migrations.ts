// migration-create-validator.kubevirt.io
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters/migration-create-admitter.go
import type { KubeObject, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import type { Admission } from '../api/context.ts'
import type { ApiError } from '../api/status.ts'
import { conditionOf, migrations, vmis, type Objects } from '../controllers/objects.ts'
import { badRequestBy, invalidBy } from './denials.ts'

const webhook = 'migration-create-validator.kubevirt.io'

/** Why a VMI cannot be migrated now, as the webhook says it; undefined when it can. */
export function refuseMigration(objects: Objects, namespace: string, vmiName: string): ApiError | undefined {
  const vmi = objects.get(vmis, namespace, vmiName)
  if (!vmi) return badRequestBy(webhook, `the VMI "${namespace}/${vmiName}" does not exist`)
  if (vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed')
    return badRequestBy(webhook, 'Cannot migrate VMI in finalized state.')
  const active = objects
    .list(migrations, namespace)
    .find(
      (migration) => migration.spec?.vmiName === vmiName && migration.status?.phase !== 'Succeeded' && migration.status?.phase !== 'Failed',
    )
  const migratable = conditionOf(vmi, 'LiveMigratable')
  if (migratable?.status === 'False') {
    return badRequestBy(webhook, `Cannot migrate VMI, Reason: ${migratable.reason ?? ''}, Message: ${migratable.message ?? ''}`)
  }
  if (active) {
    return badRequestBy(
      webhook,
      `in-flight migration detected. Active migration job (${active.metadata.uid}) is currently already in progress for VMI ${vmiName}.`,
    )
  }
  return undefined
}

export function migrationAdmission(objects: Objects): Admission {
  return ({ verb, key, subresource, object, previous }) => {
    if (key !== migrations || subresource) return object
    const migration = object as unknown as VirtualMachineInstanceMigration
    if (verb === 'create') {
      const vmiName = migration.spec?.vmiName ?? ''
      if (!vmiName) {
        throw invalidBy('migration-create-validator.kubevirt.io', [
          { reason: 'FieldValueRequired', message: 'vmiName is missing', field: 'spec.vmiName' },
        ])
      }
      const refusal = refuseMigration(objects, migration.metadata.namespace ?? '', vmiName)
      if (refusal) throw refusal
      // https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/mutating-webhook/mutators/migration-create-mutator.go
      return {
        ...object,
        metadata: {
          ...object.metadata,
          labels: { ...object.metadata.labels, 'kubevirt.io/vmi-name': vmiName },
          finalizers: [...(object.metadata.finalizers ?? []), 'kubevirt.io/migrationJobFinalize'],
        },
      } satisfies KubeObject
    }
    if (verb === 'update' && JSON.stringify(previous?.['spec']) !== JSON.stringify(object['spec'])) {
      throw invalidBy('migration-update-validator.kubevirt.io', [
        { reason: 'FieldValueNotSupported', message: "update of Migration object's spec is restricted" },
      ])
    }
    return object
  }
}
