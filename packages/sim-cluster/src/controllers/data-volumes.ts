// DataVolumes: CDI makes the claim, then imports, clones or waits for an upload, and reports progress.
// https://github.com/kubevirt/containerized-data-importer/tree/v1.64.0/pkg/controller/datavolume
import type { DataVolume, KubeObject, PersistentVolumeClaim } from '@virtdeck/k8s'
import { ApiError } from '../api/status.ts'
import { timestamp } from '../clock.ts'
import { quotaRefusal } from '../quota/quotas.ts'
import { defaultStorageClass, protection } from './claims.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import { delays, rates } from './delays.ts'
import { conditionOf, controllerRef, dataVolumes, keyOf, pvcs, splitKey, volumeSnapshots, type New } from './objects.ts'
import { parseQuantity } from './quantity.ts'
import { podPhase, podReady, uploadTarget } from './uploads.ts'

type DvCondition = {
  lastHeartbeatTime: string
  lastTransitionTime: string
  message?: string
  reason?: string
  status: string
  type: string
}
type Change = { status: 'True' | 'False' | 'Unknown'; reason?: string; message?: string }
type Source =
  | { kind: 'import'; url: string }
  | { kind: 'blank' }
  | { kind: 'upload' }
  | { kind: 'clone'; uid: string | undefined; missing?: string; snapshot: boolean }
  | { kind: 'external' }

const sources = ['http', 's3', 'gcs', 'registry', 'imageio', 'vddk'] as const
const filesystemOverhead = 0.06

/** Hosts under `.invalid` do not exist (RFC 2606): an import from one fails as it would from a dead mirror. */
function unreachable(url: string): string | undefined {
  const host = /^[a-z+]+:\/\/([^/:]+)/.exec(url)?.[1] ?? ''
  if (!host.endsWith('.invalid')) return undefined
  return `Unable to connect to http data source: Get "${url}": dial tcp: lookup ${host}: no such host`
}

export function dataVolumeController(context: ControllerContext): Controller {
  const { objects, indexes, clock, waits, record } = context

  function sourceOf(dv: DataVolume): Source {
    const source = dv.spec?.source as Record<string, { url?: string; namespace?: string; name?: string } | undefined> | undefined
    const namespace = dv.metadata.namespace ?? ''
    for (const kind of sources) {
      if (source?.[kind]) return { kind: 'import', url: source[kind].url ?? `${kind}://` }
    }
    if (source?.blank) return { kind: 'blank' }
    if (source?.upload) return { kind: 'upload' }
    const reference = dv.spec?.sourceRef
    const data = reference
      ? objects.get('datasources.cdi.kubevirt.io', reference.namespace ?? namespace, reference.name)?.spec.source
      : undefined
    const pvc = source?.pvc ?? data?.pvc
    if (pvc) return cloneOf(pvc.namespace ?? namespace, pvc.name ?? '')
    const snapshot = source?.snapshot ?? data?.snapshot
    if (snapshot) {
      const found = objects.get(volumeSnapshots, snapshot.namespace ?? namespace, snapshot.name)
      return {
        kind: 'clone',
        uid: found?.metadata.uid,
        snapshot: true,
        ...(found ? {} : { missing: `${snapshot.namespace ?? namespace}/${snapshot.name}` }),
      }
    }
    if (reference)
      return { kind: 'clone', uid: undefined, snapshot: false, missing: `${reference.namespace ?? namespace}/${reference.name}` }
    return { kind: 'external' }
  }

  /** Where the data comes from has to be complete itself. */
  function cloneOf(namespace: string, name: string): Source {
    const pvc = objects.get(pvcs, namespace, name)
    const dv = objects.get(dataVolumes, namespace, name)
    const ready = pvc?.status?.phase === 'Bound' && (!dv || dv.status?.phase === 'Succeeded')
    return { kind: 'clone', uid: pvc?.metadata.uid, snapshot: false, ...(ready ? {} : { missing: `${namespace}/${name}` }) }
  }

  /** The claim, or why the namespace's quota does not allow it. */
  function createClaim(dv: DataVolume): PersistentVolumeClaim | ApiError {
    const { name, namespace } = dv.metadata
    const spec = (dv.spec?.storage ?? dv.spec?.pvc ?? {}) as PersistentVolumeClaim['spec'] & object
    const storageClassName = spec.storageClassName ?? defaultStorageClass(context)
    const profile = context.storage.get('storageprofiles.cdi.kubevirt.io', undefined, storageClassName ?? '') as unknown as
      | { status?: { claimPropertySets?: { accessModes: string[]; volumeMode: string }[] } }
      | undefined
    const preferred = dv.spec?.storage ? profile?.status?.claimPropertySets?.[0] : undefined
    const volumeMode = (spec.volumeMode as string | undefined) ?? preferred?.volumeMode ?? 'Filesystem'
    const accessModes = spec.accessModes ?? preferred?.accessModes ?? ['ReadWriteOnce']
    const asked = (spec.resources?.requests as Record<string, string> | undefined)?.storage ?? sizeOfSource(dv) ?? '1Gi'
    const bytes = parseQuantity(asked) ?? 0
    const storage = dv.spec?.storage && volumeMode === 'Filesystem' ? String(Math.ceil(bytes * (1 + filesystemOverhead))) : asked
    const source = sourceOf(dv)
    const claim: New<PersistentVolumeClaim> = {
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        labels: {
          'alerts.k8s.io/KubePersistentVolumeFillingUp': 'disabled',
          app: 'containerized-data-importer',
          'app.kubernetes.io/component': 'storage',
          'app.kubernetes.io/managed-by': 'cdi-controller',
          ...dv.metadata.labels,
        },
        annotations: {
          ...dv.metadata.annotations,
          'cdi.kubevirt.io/createdForDataVolume': dv.metadata.uid,
          'cdi.kubevirt.io/storage.contentType': dv.spec?.contentType ?? 'kubevirt',
          'cdi.kubevirt.io/storage.pod.restarts': '0',
          ...(source.kind === 'import' ? { 'cdi.kubevirt.io/storage.import.endpoint': source.url } : {}),
          ...(source.kind === 'upload' ? { [uploadTarget]: '' } : {}),
        },
        ownerReferences: [controllerRef(dataVolumes, dv)],
        finalizers: [protection],
      },
      spec: { accessModes, resources: { requests: { storage } }, ...(storageClassName ? { storageClassName } : {}), volumeMode } as never,
      status: { phase: 'Pending' } as never,
    }
    const refusal = quotaRefusal(context.storage, pvcs, claim as unknown as KubeObject)
    return refusal ?? objects.create(pvcs, claim)
  }

  function sizeOfSource(dv: DataVolume): string | undefined {
    const source = dv.spec?.source?.pvc
    const reference = dv.spec?.sourceRef
    const namespace = dv.metadata.namespace
    const from =
      source ??
      (reference
        ? objects.get('datasources.cdi.kubevirt.io', reference.namespace ?? namespace, reference.name)?.spec.source.pvc
        : undefined)
    const pvc = from ? objects.get(pvcs, from.namespace ?? namespace, from.name) : undefined
    return (pvc?.status?.capacity as Record<string, string> | undefined)?.storage
  }

  function write(
    dv: DataVolume,
    phase: string,
    changes: Record<string, Change>,
    extra: { progress?: string; restartCount?: number } = {},
  ): DataVolume {
    const now = timestamp(clock)
    const before = (dv.status?.conditions ?? []) as DvCondition[]
    const conditions = ['Bound', 'Ready', 'Running'].map((type): DvCondition => {
      const previous = before.find((condition) => condition.type === type)
      const { status = 'False', reason, message } = changes[type] ?? previous ?? {}
      if (previous && previous.status === status && previous.reason === reason && previous.message === message) return previous
      return {
        lastHeartbeatTime: now,
        lastTransitionTime: previous?.status === status ? previous.lastTransitionTime : now,
        ...(message ? { message } : {}),
        ...(reason ? { reason } : {}),
        status,
        type,
      }
    })
    return objects.setStatus(dataVolumes, dv, { progress: 'N/A', ...dv.status, claimName: dv.metadata.name, conditions, phase, ...extra })
  }

  /** Ready and Running of a transfer that goes on. */
  const transferring = {
    Ready: { status: 'False', reason: 'TransferRunning' },
    Running: { status: 'True', reason: 'Pod is running' },
  } as const
  const done = { Ready: { status: 'True' }, Running: { status: 'False', reason: 'Completed' } } as const

  function bytesOf(dv: DataVolume): number {
    const pvc = objects.get(pvcs, dv.metadata.namespace, dv.metadata.name)
    return Math.max(2 ** 28, parseQuantity((pvc?.status?.capacity as Record<string, string> | undefined)?.storage) ?? 0)
  }

  const percentOf = (dv: DataVolume) => Number.parseFloat(dv.status?.progress ?? '') || 0

  /** One step of a transfer; true when all of it is there. Images are sparse: a fifth of their size crosses the wire. */
  function transfer(dv: DataVolume, phase: string, bytesPerMs: number, reconcile: { requeueAfter(delayMs: number): void }): boolean {
    const slower = Number(dv.metadata.annotations?.['simulation.virtdeck.io/transfer-seconds'] ?? 0) * 1000
    const totalMs = slower || Math.max(4_000, Math.round(bytesOf(dv) / 5 / bytesPerMs))
    // Progress has one decimal: every report moves it.
    const everyMs = Math.min(totalMs, Math.max(delays.reportProgress, totalMs / 500))
    if (!waits.passed(`transfer ${dv.metadata.uid}`, everyMs, reconcile)) return false
    const percent = percentOf(dv) + (100 * everyMs) / totalMs
    if (percent >= 100) return true
    const moved = write(dv, phase, transferring, { progress: `${percent.toFixed(1)}%` })
    waits.passed(`transfer ${moved.metadata.uid}`, everyMs, reconcile)
    return false
  }

  return {
    name: 'datavolumes',
    keysOf({ resource, object }) {
      const clonesOf = (plural: string) => indexes.dataVolumesBySource(`${plural} ${keyOf(object)}`).map(keyOf)
      switch (resource.plural) {
        case 'datavolumes':
        case 'persistentvolumeclaims':
          return [keyOf(object), ...clonesOf('persistentvolumeclaims')]
        case 'volumesnapshots':
        case 'datasources':
          return clonesOf(resource.plural)
        default:
          return []
      }
    },
    reconcile(key, reconcile) {
      const [namespace, name] = splitKey(key)
      let dv = objects.get(dataVolumes, namespace, name)
      if (!dv || dv.metadata.deletionTimestamp) return
      const { phase } = dv.status ?? {}
      if (phase === 'Succeeded') return
      let pvc = objects.get(pvcs, namespace, name)
      if (!pvc) {
        const created = createClaim(dv)
        if (created instanceof ApiError) {
          record(dv, 'Warning', 'ErrExceededQuota', created.message, { component: 'datavolume-controller' })
          const pending = { status: 'False', message: `Unable to create PVC: ${created.message}` } as const
          write(dv, 'Pending', {
            Bound: { ...pending, status: 'Unknown', reason: 'ErrExceededQuota' },
            Ready: { ...pending, reason: 'ErrExceededQuota' },
          })
          reconcile.requeueAfter(delays.restartImporter)
          return
        }
        pvc = created
        dv = write(dv, 'Pending', { Bound: { status: 'False', reason: 'Pending', message: `PVC ${name} Pending` } })
      } else if (phase === undefined) {
        if (
          pvc.metadata.annotations?.['cdi.kubevirt.io/storage.populatedFor'] === name ||
          dv.metadata.annotations?.['cdi.kubevirt.io/storage.prePopulated']
        ) {
          write(dv, 'Succeeded', { Bound: { status: 'True', reason: 'Bound', message: `PVC ${name} Bound` }, Ready: { status: 'True' } })
          return
        }
        dv = write(dv, 'Pending', { Bound: { status: 'False', reason: 'Pending', message: `PVC ${name} Pending` } })
      }
      if (pvc.status?.phase !== 'Bound') {
        const storageClass = objects.get('storageclasses.storage.k8s.io', undefined, pvc.spec?.storageClassName)
        if (storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && indexes.vmisByClaim(key).length === 0) {
          write(dv, 'WaitForFirstConsumer', {
            Bound: { status: 'False', reason: 'Pending', message: `PVC ${name} Pending and Claim is waiting for first consumer` },
          })
        }
        return
      }
      const bound = { Bound: { status: 'True', reason: 'Bound', message: `PVC ${name} Bound` } } as const
      const source = sourceOf(dv)
      const id = dv.metadata.uid
      switch (source.kind) {
        case 'external':
          write(dv, 'Succeeded', { ...bound, ...done }, { progress: '100.0%' })
          return
        case 'upload': {
          // The upload's server is looked after with its claim.
          const annotations = pvc.metadata.annotations ?? {}
          if (annotations[podPhase] === 'Succeeded') {
            dv = write(dv, 'Succeeded', { ...bound, ...done })
            record(dv, 'Normal', 'UploadSucceeded', `Successfully uploaded into ${name}`, { component: 'datavolume-upload-controller' })
          } else if (annotations[podReady] === 'true') {
            if (phase === 'UploadReady') return
            dv = write(dv, 'UploadReady', transferring)
            record(dv, 'Normal', 'UploadReady', `Upload into ${name} ready`, { component: 'datavolume-upload-controller' })
          } else {
            write(dv, 'UploadScheduled', bound)
          }
          return
        }
        case 'blank':
        case 'import': {
          const problem = source.kind === 'import' ? unreachable(source.url) : undefined
          if (dv.status?.phase !== 'ImportInProgress') {
            dv = write(dv, 'ImportScheduled', { ...bound, Running: { status: 'False', reason: 'ContainerCreating' } })
            if (!waits.passed(`importer ${id}`, delays.startImporter, reconcile)) return
            record(dv, 'Normal', 'ImportInProgress', `Import into ${name} in progress`, { component: 'datavolume-import-controller' })
            dv = write(dv, 'ImportInProgress', transferring)
          }
          if (problem) {
            const failing = conditionOf(dv as never, 'Running')?.status === 'False'
            if (failing && !waits.passed(`restart ${id}`, delays.restartImporter, reconcile)) return
            const restartCount = (dv.status?.restartCount ?? 0) + 1
            write(dv, 'ImportInProgress', { Running: { status: 'False', reason: 'Error', message: problem } }, { restartCount })
            record(dv, 'Warning', 'Error', problem, { component: 'datavolume-import-controller' })
            waits.passed(`restart ${id}`, delays.restartImporter, reconcile)
            return
          }
          if (source.kind === 'import' && !transfer(dv, 'ImportInProgress', rates.importBytesPerMs, reconcile)) return
          dv = write(dv, 'Succeeded', { ...bound, ...done }, { progress: '100.0%' })
          record(dv, 'Normal', 'ImportSucceeded', `Successfully imported into PVC ${name}`, { component: 'datavolume-import-controller' })
          return
        }
        case 'clone': {
          if (source.missing) {
            write(dv, 'CloneScheduled', {
              ...bound,
              Running: { status: 'False', reason: 'CloneSourceNotFound', message: `The source ${source.missing} was not found` },
            })
            return
          }
          const running = source.snapshot ? 'CloneFromSnapshotSourceInProgress' : 'CloneInProgress'
          if (dv.status?.phase !== running) {
            dv = write(dv, 'CloneScheduled', bound)
            if (!waits.passed(`importer ${id}`, delays.startImporter, reconcile)) return
            record(
              dv,
              'Normal',
              'CloneInProgress',
              `Cloning from ${source.snapshot ? 'snapshot' : 'pvc'} into ${namespace}/${name} in progress`,
              {
                component: 'datavolume-clone-controller',
              },
            )
            dv = write(dv, running, transferring)
          }
          if (!transfer(dv, running, rates.cloneBytesPerMs, reconcile)) return
          if (source.uid) context.disks.copy(source.uid, pvc.metadata.uid)
          dv = write(dv, 'Succeeded', { ...bound, ...done }, { progress: '100.0%' })
          record(dv, 'Normal', 'CloneSucceeded', `Successfully cloned into ${namespace}/${name}`, {
            component: 'datavolume-clone-controller',
          })
        }
      }
    },
  }
}
