// KubeVirt's and CDI's webhooks, in the order in which an object passes them.
import type { Admission } from '../api/context.ts'
import type { Clock } from '../clock.ts'
import { createObjects } from '../controllers/objects.ts'
import type { Storage } from '../storage/storage.ts'
import { migrationAdmission } from './migrations.ts'
import {
  cloneAdmission,
  dataVolumeAdmission,
  evictionAdmission,
  kubeVirtAdmission,
  restoreAdmission,
  snapshotAdmission,
  vmiAdmission,
} from './others.ts'
import { vmAdmission } from './virtual-machines.ts'

export function createAdmission({ storage, clock }: { storage: Storage; clock: Clock }): Admission[] {
  const objects = createObjects(storage, clock)
  return [
    vmAdmission(objects),
    vmiAdmission,
    migrationAdmission(objects),
    snapshotAdmission,
    restoreAdmission(objects),
    cloneAdmission,
    dataVolumeAdmission(storage),
    kubeVirtAdmission(objects),
    evictionAdmission(objects),
  ]
}
