// DataImportCrons and DataSources: images that are imported again when they change, and what points at the newest.
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/controller/dataimportcron-controller.go
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/controller/datasource-controller.go
import { createHash } from 'node:crypto'
import { timestamp } from '../clock.ts'
import type { ControllerContext } from './context.ts'
import type { Controller, ReconcileContext } from './controller.ts'
import { nextRunMs } from './cron-schedule.ts'
import { delays } from './delays.ts'
import {
  dataImportCrons,
  dataSources,
  dataVolumes,
  keyOf,
  pvcs,
  splitKey,
  volumeSnapshots,
  type DataImportCron,
  type DataSource,
} from './objects.ts'
import { snapshotClassFor } from './volume-snapshot-status.ts'
import { defaultStorageClass } from './claims.ts'

const cronLabel = 'cdi.kubevirt.io/dataImportCron'
const desiredDigest = 'cdi.kubevirt.io/storage.import.sourceDesiredDigest'
const lastUse = 'cdi.kubevirt.io/storage.import.lastUseTime'
const finalizer = 'cdi.kubevirt.io/dataImportCronFinalizer'
const defaultImportsToKeep = 3
const weekMs = 7 * 24 * 60 * 60_000

type CdiCondition = {
  type: string
  status: string
  reason?: string
  message?: string
  lastHeartbeatTime: string
  lastTransitionTime: string
}
type Import = { DataVolumeName: string; Digest: string }

function withCdiCondition(
  conditions: readonly CdiCondition[] = [],
  type: string,
  status: string,
  reason: string,
  message: string,
  now: string,
) {
  const previous = conditions.find((condition) => condition.type === type)
  if (previous?.status === status && previous.reason === reason && previous.message === message) return [...conditions]
  const condition: CdiCondition = {
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: previous?.status === status ? previous.lastTransitionTime : now,
  }
  return [...conditions.filter((other) => other.type !== type), condition].sort((a, b) => (a.type < b.type ? -1 : 1))
}

/** A DataSource says where data is; whether it is there, its condition says. */
export function dataSourceController({ objects, clock }: ControllerContext): Controller {
  const sourceKeys = ({ spec, metadata }: DataSource) => {
    const source = spec.source.pvc ?? spec.source.snapshot
    return source ? `${source.namespace ?? metadata.namespace}/${source.name}` : undefined
  }
  return {
    name: 'datasources',
    keysOf({ resource, object }) {
      if (resource.plural === 'datasources') return [keyOf(object)]
      if (resource.plural !== 'persistentvolumeclaims' && resource.plural !== 'datavolumes' && resource.plural !== 'volumesnapshots')
        return []
      return objects.list(dataSources).flatMap((source) => (sourceKeys(source) === keyOf(object) ? [keyOf(source)] : []))
    },
    reconcile(key) {
      const source = objects.get(dataSources, ...splitKey(key))
      if (!source || source.metadata.deletionTimestamp) return
      const { pvc, snapshot } = source.spec.source
      const namespace = source.metadata.namespace
      const answer = (status: 'True' | 'False', reason: string, message: string) => {
        const before = (source.status as { conditions?: CdiCondition[] } | undefined)?.conditions
        const conditions = withCdiCondition(before, 'Ready', status, reason, message, timestamp(clock))
        objects.setStatus(dataSources, source, { conditions, source: source.spec.source })
      }
      if (snapshot) {
        const found = objects.get(volumeSnapshots, snapshot.namespace ?? namespace, snapshot.name)
        if (!found) answer('False', 'NotFound', 'Snapshot not found')
        else if (found.status?.readyToUse) answer('True', 'Ready', 'DataSource is ready to be consumed')
        else answer('False', 'SnapshotNotReady', 'Snapshot phase is not ready')
      } else if (pvc) {
        const dv = objects.get(dataVolumes, pvc.namespace ?? namespace, pvc.name)
        const claim = objects.get(pvcs, pvc.namespace ?? namespace, pvc.name)
        if (dv && dv.status?.phase !== 'Succeeded')
          answer('False', dv.status?.phase ?? 'Pending', `Import DataVolume phase ${dv.status?.phase ?? 'Pending'}`)
        else if (!claim) answer('False', 'NotFound', 'PVC not found')
        else answer('True', 'Ready', 'DataSource is ready to be consumed')
      } else answer('False', 'NoSource', 'No source PVC set')
    },
  }
}

export function dataImportCronController(context: ControllerContext): Controller {
  const { objects, clock, waits, record } = context
  const component = { component: 'dataimportcron-controller' }

  /** What a registry would answer now: images are rebuilt every week, or as an annotation says. */
  function pollDigest(cron: DataImportCron): string {
    const source = cron.spec.template.spec?.source
    const version = cron.metadata.annotations?.['simulation.virtdeck.io/image-version'] ?? String(Math.floor(clock.now() / weekMs))
    return `sha256:${createHash('sha256')
      .update(`${JSON.stringify(source)} ${version}`)
      .digest('hex')}`
  }

  const formatOf = (cron: DataImportCron): 'pvc' | 'snapshot' => {
    const storage = (cron.spec.template.spec?.storage ?? cron.spec.template.spec?.pvc) as { storageClassName?: string } | undefined
    const storageClass = storage?.storageClassName ?? defaultStorageClass(context) ?? ''
    const profile = context.storage.get('storageprofiles.cdi.kubevirt.io', undefined, storageClass)
    const format = (profile?.status as { dataImportCronSourceFormat?: string } | undefined)?.dataImportCronSourceFormat
    return format === 'snapshot' && snapshotClassFor(objects, storageClass) ? 'snapshot' : 'pvc'
  }

  /** Polls when it is due, and asks for the next time. */
  function poll(cron: DataImportCron, reconcile: ReconcileContext): DataImportCron {
    const last = cron.status?.lastExecutionTimestamp
    const due = last === undefined ? clock.now() : nextRunMs(cron.spec.schedule ?? '', Date.parse(last))
    if (due !== undefined && due > clock.now()) reconcile.requeueAfter(due - clock.now())
    if (due === undefined || due > clock.now()) return cron
    if (!waits.passed(`poll ${cron.metadata.uid}`, delays.startImporter, reconcile)) return cron
    const digest = pollDigest(cron)
    const annotated = objects.setMetadata(dataImportCrons, cron, { annotations: { ...cron.metadata.annotations, [desiredDigest]: digest } })
    const polled = objects.setStatus(dataImportCrons, annotated, { ...annotated.status, lastExecutionTimestamp: timestamp(clock) })
    const next = nextRunMs(cron.spec.schedule ?? '', clock.now())
    if (next !== undefined) reconcile.requeueAfter(next - clock.now())
    return polled
  }

  function createImport(cron: DataImportCron, name: string): void {
    const { template, managedDataSource } = cron.spec
    const { namespace } = cron.metadata
    const labels = Object.fromEntries(
      Object.entries(cron.metadata.labels ?? {}).filter(([key]) => key.startsWith('instancetype.kubevirt.io/')),
    )
    objects.create(dataVolumes, {
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        annotations: {
          ...template.metadata?.annotations,
          'cdi.kubevirt.io/storage.bind.immediate.requested': 'true',
          [lastUse]: timestamp(clock),
        },
        labels: { ...template.metadata?.labels, ...labels, [cronLabel]: cron.metadata.name },
      },
      spec: template.spec as never,
    })
    record(cron, 'Normal', 'ImportInProgress', `Import of ${managedDataSource} as ${name} in progress`, component)
  }

  /** True when what was imported can be used in the form that its storage prefers. */
  function isImported(cron: DataImportCron, name: string): boolean {
    const { namespace } = cron.metadata
    const dv = objects.get(dataVolumes, namespace, name)
    const taken = objects.get(volumeSnapshots, namespace, name)
    if (formatOf(cron) === 'pvc') return dv?.status?.phase === 'Succeeded'
    if (taken?.status?.readyToUse) {
      const claim = objects.get(pvcs, namespace, name)
      if (dv) objects.remove(dataVolumes, dv)
      if (claim && !claim.metadata.deletionTimestamp) objects.remove(pvcs, claim)
      return true
    }
    const claim = dv?.status?.phase === 'Succeeded' ? objects.get(pvcs, namespace, name) : undefined
    if (claim && !taken) {
      objects.create(volumeSnapshots, {
        metadata: {
          name,
          ...(namespace ? { namespace } : {}),
          annotations: { [lastUse]: timestamp(clock) },
          labels: { ...claim.metadata.labels, [cronLabel]: cron.metadata.name },
        },
        spec: {
          source: { persistentVolumeClaimName: name },
          volumeSnapshotClassName: snapshotClassFor(objects, claim.spec?.storageClassName ?? '')?.metadata.name ?? '',
        },
      })
    }
    return false
  }

  function pointDataSource(cron: DataImportCron, imported: string): void {
    const { namespace = '', name } = cron.metadata
    const pvc = { namespace, name: imported }
    const source = formatOf(cron) === 'snapshot' ? { snapshot: pvc } : { pvc }
    const labels = Object.fromEntries(
      Object.entries(cron.metadata.labels ?? {}).filter(([key]) => key.startsWith('instancetype.kubevirt.io/')),
    )
    const existing = objects.get(dataSources, namespace, cron.spec.managedDataSource)
    if (!existing) {
      objects.create(dataSources, {
        metadata: { name: cron.spec.managedDataSource, namespace, labels: { ...labels, [cronLabel]: name } },
        spec: { source },
      })
    } else if (existing.metadata.labels?.[cronLabel] === name) {
      objects.update(dataSources, {
        ...existing,
        metadata: { ...existing.metadata, labels: { ...existing.metadata.labels, ...labels } },
        spec: { source },
      })
    }
  }

  const importsOf = (cron: DataImportCron) => {
    const own = <T extends { metadata: { labels?: Record<string, string> } }>(object: T) =>
      object.metadata.labels?.[cronLabel] === cron.metadata.name
    return {
      volumes: objects.list(dataVolumes, cron.metadata.namespace).filter(own),
      snapshots: objects.list(volumeSnapshots, cron.metadata.namespace).filter(own),
    }
  }

  /** The oldest imports go; the newest, and as many before it as are to be kept, stay. */
  function collect(cron: DataImportCron, current: string): void {
    if (cron.spec.garbageCollect === 'Never') return
    const { volumes, snapshots } = importsOf(cron)
    const keep = cron.spec.importsToKeep ?? defaultImportsToKeep
    const order = (a: { metadata: { creationTimestamp: string; name: string } }, b: typeof a) =>
      a.metadata.name === current
        ? -1
        : b.metadata.name === current
          ? 1
          : a.metadata.creationTimestamp < b.metadata.creationTimestamp
            ? 1
            : -1
    for (const dv of volumes.toSorted(order).slice(keep)) {
      const claim = objects.get(pvcs, dv.metadata.namespace, dv.metadata.name)
      objects.remove(dataVolumes, dv)
      if (claim) objects.remove(pvcs, claim)
    }
    for (const taken of snapshots.toSorted(order).slice(keep)) objects.remove(volumeSnapshots, taken)
  }

  function setStatus(cron: DataImportCron, change: object, progressing: [string, string, string], upToDate: [string, string, string]) {
    const now = timestamp(clock)
    const before = cron.status?.conditions as CdiCondition[] | undefined
    const conditions = withCdiCondition(withCdiCondition(before, 'Progressing', ...progressing, now), 'UpToDate', ...upToDate, now)
    objects.setStatus(dataImportCrons, cron, { ...cron.status, ...change, conditions, sourceFormat: formatOf(cron) })
  }

  function remove(cron: DataImportCron): void {
    if (cron.spec.retentionPolicy === 'None') {
      const { volumes, snapshots } = importsOf(cron)
      for (const dv of volumes) {
        const claim = objects.get(pvcs, dv.metadata.namespace, dv.metadata.name)
        objects.remove(dataVolumes, dv)
        if (claim) objects.remove(pvcs, claim)
      }
      for (const taken of snapshots) objects.remove(volumeSnapshots, taken)
      const source = objects.get(dataSources, cron.metadata.namespace, cron.spec.managedDataSource)
      if (source?.metadata.labels?.[cronLabel] === cron.metadata.name) objects.remove(dataSources, source)
    }
    objects.removeFinalizers(dataImportCrons, cron, [finalizer])
  }

  return {
    name: 'dataimportcrons',
    keysOf({ resource, object, previous }) {
      if (resource.plural === 'dataimportcrons') return [keyOf(object)]
      if (resource.plural === 'datavolumes' || resource.plural === 'volumesnapshots') {
        const name = (object.metadata.labels ?? previous?.metadata.labels)?.[cronLabel]
        return name ? [`${object.metadata.namespace}/${name}`] : []
      }
      return []
    },
    reconcile(key, reconcile) {
      let cron = objects.get(dataImportCrons, ...splitKey(key))
      if (!cron) return
      if (cron.metadata.deletionTimestamp) {
        if (cron.metadata.finalizers?.includes(finalizer)) remove(cron)
        return
      }
      if (!cron.metadata.finalizers?.includes(finalizer)) {
        cron = objects.setMetadata(dataImportCrons, cron, { finalizers: [...(cron.metadata.finalizers ?? []), finalizer] })
      }
      cron = poll(cron, reconcile)
      const digest = cron.metadata.annotations?.[desiredDigest]
      if (!digest) {
        setStatus(cron, {}, ['False', 'NoImport', 'No current import'], ['False', 'NoDigest', 'No source digest'])
        return
      }
      const name = `${cron.spec.managedDataSource}-${digest.slice(7, 19)}`
      const current = (cron.status?.currentImports as Import[] | undefined)?.[0]
      const exists = objects.get(dataVolumes, cron.metadata.namespace, name) ?? objects.get(volumeSnapshots, cron.metadata.namespace, name)
      if (!exists) createImport(cron, name)
      const currentImports: Import[] = [{ DataVolumeName: name, Digest: digest }]
      if (!isImported(cron, name)) {
        const phase = objects.get(dataVolumes, cron.metadata.namespace, name)?.status?.phase ?? 'Pending'
        const message = `Import DataVolume phase ${phase}`
        setStatus(cron, { currentImports }, ['True', 'ImportProgressing', message], ['False', 'ImportProgressing', 'Import is progressing'])
        return
      }
      pointDataSource(cron, name)
      const { namespace = '' } = cron.metadata
      const fresh = current?.Digest === digest && cron.status?.lastImportedPVC?.name === name
      setStatus(
        cron,
        {
          currentImports,
          lastImportedPVC: { name, namespace },
          ...(fresh ? {} : { lastImportTimestamp: timestamp(clock) }),
        },
        ['False', 'NoImport', 'No current import'],
        ['True', 'UpToDate', 'Latest import is up to date'],
      )
      collect(cron, name)
    },
  }
}
