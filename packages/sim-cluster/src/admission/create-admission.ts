// KubeVirt's and CDI's webhooks, in the order in which an object passes them.
import type { Admission, ApiServerContext } from '../api/context.ts'
import type { Clock } from '../clock.ts'
import { createObjects } from '../controllers/objects.ts'
import type { Storage } from '../storage/storage.ts'
import { migrationAdmission } from './migrations.ts'
import {
  cloneAdmission,
  dataVolumeAdmission,
  evictionAdmission,
  exportAdmission,
  kubeVirtAdmission,
  poolAdmission,
  restoreAdmission,
  snapshotAdmission,
  vmiAdmission,
} from './others.ts'
import { unreachableAdmission } from './unreachable.ts'
import { vmAdmission } from './virtual-machines.ts'

export function createAdmission({
  storage,
  clock,
  virtApi,
}: {
  storage: Storage
  clock: Clock
  virtApi?: ApiServerContext['virtApi']
}): Admission[] {
  const objects = createObjects(storage, clock)
  return [
    unreachableAdmission(virtApi),
    vmAdmission(objects),
    vmiAdmission(objects, clock),
    migrationAdmission(objects),
    snapshotAdmission,
    restoreAdmission(objects),
    cloneAdmission,
    exportAdmission,
    dataVolumeAdmission(storage),
    poolAdmission,
    kubeVirtAdmission(objects),
    evictionAdmission(objects),
  ]
}
