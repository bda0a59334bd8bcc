// Every controller of the simulated cluster's KubeVirt, CDI, scheduler and kubelets.
import type { Clock } from '../clock.ts'
import type { Guests } from '../guests/guest.ts'
import type { Storage } from '../storage/storage.ts'
import { churnController } from './churn.ts'
import { claimController } from './claims.ts'
import { cloneController } from './clones.ts'
import { createContext } from './context.ts'
import type { Controller } from './controller.ts'
import { dataImportCronController, dataSourceController } from './data-import-crons.ts'
import { dataVolumeController } from './data-volumes.ts'
import { evacuationController } from './evacuation.ts'
import { exportController } from './exports.ts'
import { migrationController } from './migrations.ts'
import { eventExpiry, heartbeatController } from './nodes.ts'
import { podController } from './pods.ts'
import { poolController } from './pools.ts'
import { replicaSetController } from './replica-sets.ts'
import { restoreController } from './restores.ts'
import { snapshotController } from './snapshots.ts'
import { uploadController } from './uploads.ts'
import { vmiController } from './vmis.ts'
import { vmController } from './vms.ts'
import { volumeSnapshotController } from './volume-snapshots.ts'
import { workloadUpdateController } from './workload-updates.ts'

export function createControllers(options: { storage: Storage; clock: Clock; guests: Guests; seed: number }): Controller[] {
  const context = createContext(options)
  return [
    vmController(context),
    vmiController(context),
    podController(context),
    poolController(context),
    replicaSetController(context),
    claimController(context),
    dataVolumeController(context),
    uploadController(context),
    dataSourceController(context),
    dataImportCronController(context),
    volumeSnapshotController(context),
    exportController(context),
    migrationController(context),
    evacuationController(context),
    workloadUpdateController(context),
    snapshotController(context),
    restoreController(context),
    cloneController(context),
    heartbeatController(context),
    eventExpiry(context),
    churnController(context),
  ]
}
