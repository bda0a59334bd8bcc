// VirtualMachineExports: a token, a server pod with the volumes, and links to what it serves.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/storage/export/export/export.go
import type { Condition, KubeObject, PersistentVolumeClaim, Pod, VirtualMachineSnapshotContent } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import { protection } from './claims.ts'
import type { ControllerContext } from './context.ts'
import type { Controller } from './controller.ts'
import {
  controllerOf,
  controllerRef,
  dataVolumes,
  vmExports,
  keyOf,
  pvcs,
  snapshotContents,
  snapshots,
  splitKey,
  vmis,
  vms,
  withCondition,
  type New,
  type VirtualMachineExport,
} from './objects.ts'
import { isPodReady } from './pods.ts'
import { hashOf } from './random.ts'
import { durationMs } from './snapshots.ts'
import { claimNameOf } from './volumes.ts'
import { isFinal } from './vmis.ts'

const defaultTtlMs = 2 * 60 * 60_000
/** KubeVirt's own namespace: what its proxy is reached by is told there. */
export const caConfigMap = { namespace: 'kubevirt', name: 'kubevirt-export-ca' }
/** On that config map: the proxy's public `host:port`, which an Ingress tells of in a real cluster. */
export const proxyHost = 'simulation.virtdeck.io/export-proxy'

type Source = {
  volumes: PersistentVolumeClaim[]
  inUse: boolean
  populated: boolean
  message: string
  vmName?: string
  /** The name of a volume in the links. */
  nameOf(pvc: PersistentVolumeClaim): string
}
type Value = { status: 'True' | 'False'; reason: string; message?: string }

/** Names of at most 63 characters: longer ones are cut, and told apart by a hash. */
function nameWith(prefix: string, name: string): string {
  const whole = `${prefix}-${name}`
  return whole.length <= 63 ? whole : `${whole.slice(0, 54)}-${hashOf(whole).toString(16).padStart(8, '0')}`
}

export function exportController(context: ControllerContext): Controller {
  const { objects, clock, random, record, indexes } = context
  const component = { component: 'export-controller' }

  const podOf = (vmExport: VirtualMachineExport): Pod | undefined =>
    objects.get('pods', vmExport.metadata.namespace, nameWith('virt-export', vmExport.metadata.name))

  /** A claim that no importer fills any more. */
  function isPopulated(pvc: PersistentVolumeClaim): boolean {
    const dv = objects.get(dataVolumes, pvc.metadata.namespace, pvc.metadata.name)
    return !dv || dv.status?.phase === 'Succeeded'
  }

  const isInUse = (pvc: PersistentVolumeClaim) => indexes.vmisByClaim(keyOf(pvc)).some((vmi) => !isFinal(vmi))

  function sourceOf(vmExport: VirtualMachineExport): Source {
    const { namespace } = vmExport.metadata
    const { kind, name } = vmExport.spec.source
    const nameOf = (pvc: PersistentVolumeClaim) => pvc.metadata.name
    const none = (message: string): Source => ({ volumes: [], inUse: false, populated: false, message, nameOf })
    switch (kind) {
      case 'PersistentVolumeClaim': {
        const pvc = objects.get(pvcs, namespace, name)
        if (!pvc) return none(`pvc ${namespace}/${name} not found`)
        const [populated, inUse] = [isPopulated(pvc), isInUse(pvc)]
        const message = populated ? (inUse ? `pvc ${namespace}/${name} is in use` : '') : `pvc ${namespace}/${name} is not populated`
        return { volumes: [pvc], inUse: populated && inUse, populated, message, nameOf }
      }
      case 'VirtualMachine': {
        const vm = objects.get(vms, namespace, name)
        const names = (vm?.spec.template.spec?.volumes ?? []).flatMap((volume) => claimNameOf(volume as never) ?? [])
        const found = names.map((claim) => objects.get(pvcs, namespace, claim))
        const volumes = found.filter((pvc) => pvc !== undefined)
        const populated = vm !== undefined && found.every((pvc) => pvc !== undefined && isPopulated(pvc))
        if (volumes.length > 0 && !populated) {
          const message = `Not all volumes in the Virtual Machine ${namespace}/${name} are populated`
          return { volumes, inUse: false, populated, message, vmName: name, nameOf }
        }
        const vmi = objects.get(vmis, namespace, name)
        const inUse = vmi !== undefined && !isFinal(vmi)
        const message = inUse ? `Virtual Machine ${namespace}/${name} is running` : ''
        return { volumes, inUse, populated, message, vmName: name, nameOf }
      }
      default: {
        const snapshot = objects.get(snapshots, namespace, name)
        if (!snapshot) return none(`VirtualMachineSnapshot ${namespace}/${name} does not exist`)
        const vmName = snapshot.spec?.source?.name ?? ''
        if (!snapshot.status?.readyToUse) return { ...none(`VirtualMachineSnapshot ${namespace}/${name} is not ready to use`), vmName }
        const content = objects.get(snapshotContents, namespace, snapshot.status.virtualMachineSnapshotContentName)
        const backups = content?.spec?.volumeBackups ?? []
        if (backups.length === 0) {
          return { ...none(`VirtualMachineSnapshot ${namespace}/${name} does not contain any volume snapshots`), vmName }
        }
        const volumes = backups.map((backup) => restoredClaim(vmExport, backup))
        return {
          volumes,
          inUse: false,
          populated: true,
          message: '',
          vmName,
          nameOf: (pvc) => pvc.metadata.name.slice(vmExport.metadata.name.length + 1),
        }
      }
    }
  }

  /** A claim of the export's own, filled from a volume snapshot. */
  function restoredClaim(
    vmExport: VirtualMachineExport,
    backup: NonNullable<NonNullable<VirtualMachineSnapshotContent['spec']>['volumeBackups']>[number],
  ): PersistentVolumeClaim {
    const { namespace } = vmExport.metadata
    const original = backup.persistentVolumeClaim as unknown as PersistentVolumeClaim
    const name = `${vmExport.metadata.name}-${original.metadata.name}`
    const existing = objects.get(pvcs, namespace, name)
    if (existing) return existing
    const { volumeName: _, dataSource: __, dataSourceRef: ___, ...spec } = (original.spec ?? {}) as Record<string, unknown>
    const from = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: backup.volumeSnapshotName ?? '' }
    const claim = objects.create(pvcs, {
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        annotations: {
          'cdi.kubevirt.io/storage.contentType': 'kubevirt',
          // Nobody else will consume it.
          'cdi.kubevirt.io/storage.bind.immediate.requested': '',
        },
        ownerReferences: [controllerRef(vmExports, vmExport)],
        finalizers: [protection],
      },
      spec: { ...spec, dataSource: from, dataSourceRef: from } as never,
      status: { phase: 'Pending' } as never,
    })
    const taken = objects.get('volumesnapshots.snapshot.storage.k8s.io', namespace, backup.volumeSnapshotName)
    if (taken) context.disks.copy(taken.metadata.uid, claim.metadata.uid)
    return claim
  }

  function ensureToken(vmExport: VirtualMachineExport, source: Source): string | undefined {
    if (vmExport.spec.tokenSecretRef) return vmExport.spec.tokenSecretRef
    if (source.inUse || !source.populated || source.volumes.length === 0) return vmExport.status?.tokenSecretRef
    const { namespace = '' } = vmExport.metadata
    const name = vmExport.status?.tokenSecretRef ?? nameWith('export-token', vmExport.metadata.name)
    if (!objects.get('secrets', namespace, name)) {
      const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('')
      const token = Array.from({ length: 20 }, () => random.pick(letters)).join('')
      objects.create('secrets', {
        metadata: { name, namespace, ownerReferences: [controllerRef(vmExports, vmExport)] },
        type: 'Opaque',
        data: { token: Buffer.from(token).toString('base64') },
      } as never)
      record(vmExport, 'Normal', 'SecretCreated', `Created default secret ${namespace}/${name}`, component)
    }
    return name
  }

  function ensureService(vmExport: VirtualMachineExport): string {
    const { namespace = '' } = vmExport.metadata
    const name = nameWith('virt-export', vmExport.metadata.name.replaceAll('.', '-'))
    if (!objects.get('services', namespace, name)) {
      objects.create('services', {
        metadata: { name, namespace, labels: { app: 'virt-exporter' }, ownerReferences: [controllerRef(vmExports, vmExport)] },
        spec: {
          ports: [{ port: 443, protocol: 'TCP', targetPort: 8443 }],
          selector: { 'kubevirt.io.virt-export-service': vmExport.metadata.name },
          type: 'ClusterIP',
        },
        status: { loadBalancer: {} },
      } as never)
      record(vmExport, 'Normal', 'ServiceCreated', `Created service ${namespace}/${name}`, component)
    }
    return name
  }

  /** The server pod where the source can be read, none where it cannot. */
  function managePod(vmExport: VirtualMachineExport, source: Source): Pod | undefined {
    const available = !source.inUse && source.populated
    const pod = podOf(vmExport)
    if (!pod && available && source.volumes.length > 0) {
      const created = objects.create('pods', exporterPod(vmExport, source))
      record(vmExport, 'Normal', 'ExporterPodCreated', `Created exporter pod ${keyOf(created)}`, component)
      return created
    }
    if (!pod || available) return pod?.metadata.deletionTimestamp ? undefined : pod
    if (!pod.metadata.deletionTimestamp) {
      record(vmExport, 'Warning', 'ExportPaused', source.message, component)
      objects.remove('pods', pod, 30)
    }
    return undefined
  }

  function exporterPod(vmExport: VirtualMachineExport, source: Source): New<Pod> {
    const { namespace, name } = vmExport.metadata
    return {
      metadata: {
        name: nameWith('virt-export', name),
        ...(namespace ? { namespace } : {}),
        labels: { 'kubevirt.io.virt-export-service': name },
        ownerReferences: [controllerRef(vmExports, vmExport)],
      },
      spec: {
        containers: [
          {
            name: 'exporter',
            image: 'quay.io/kubevirt/virt-exportserver:v1.6.6',
            resources: { requests: { cpu: '100m', memory: '200Mi' }, limits: { cpu: '1', memory: '1Gi' } },
          },
        ],
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 30,
        schedulerName: 'default-scheduler',
        volumes: source.volumes.map((pvc) => ({ name: pvc.metadata.name, persistentVolumeClaim: { claimName: pvc.metadata.name } })),
      },
      status: { phase: 'Pending', qosClass: 'Burstable' },
    } as unknown as New<Pod>
  }

  const isKubeVirtContent = (pvc: PersistentVolumeClaim): boolean => {
    const content = pvc.metadata.annotations?.['cdi.kubevirt.io/storage.contentType']
    return content === undefined
      ? objects.get(dataVolumes, pvc.metadata.namespace, pvc.metadata.name) !== undefined
      : content === 'kubevirt' || content === ''
  }

  function links(vmExport: VirtualMachineExport, source: Source, hostAndBase: string, type: 'internal' | 'external', cert: string): object {
    const url = (path: string) => `https://${hostAndBase}/${path}`
    const formats = (pvc: PersistentVolumeClaim) => {
      const at = (file: string) => url(`volumes/${pvc.metadata.name}/${file}`)
      return pvc.spec?.volumeMode === 'Block' || isKubeVirtContent(pvc)
        ? [
            { format: 'raw', url: at('disk.img') },
            { format: 'gzip', url: at('disk.img.gz') },
          ]
        : [
            { format: 'dir', url: at('dir') },
            { format: 'tar.gz', url: at('disk.tar.gz') },
          ]
    }
    const manifests =
      vmExport.spec.source.kind === 'PersistentVolumeClaim'
        ? {}
        : {
            manifests: [
              { type: 'all', url: url(`${type}/manifests/all`) },
              { type: 'auth-header-secret', url: url(`${type}/manifests/secret`) },
            ],
          }
    return { cert, ...manifests, volumes: source.volumes.map((pvc) => ({ name: source.nameOf(pvc), formats: formats(pvc) })) }
  }

  function linksOf(vmExport: VirtualMachineExport, source: Source, serviceName: string): object {
    const { namespace = '', name } = vmExport.metadata
    const ca = objects.get('configmaps', caConfigMap.namespace, caConfigMap.name)
    const cert = ((ca?.data as Record<string, string> | undefined)?.['ca-bundle'] ?? '').trim()
    const external = ca?.metadata.annotations?.[proxyHost]
    const base = `${external}/api/export.kubevirt.io/v1beta1/namespaces/${namespace}/virtualmachineexports/${name}`
    return {
      ...(external ? { external: links(vmExport, source, base, 'external', cert) } : {}),
      internal: links(vmExport, source, `${serviceName}.${namespace}.svc`, 'internal', cert),
    }
  }

  const readiness = (pod: Pod | undefined, source: Source): Value & { phase: string } => {
    if (!pod) return { phase: 'Pending', status: 'False', reason: 'InUse', message: source.message }
    if (isPodReady(pod)) return { phase: 'Ready', status: 'True', reason: 'PodReady' }
    return { phase: 'Pending', status: 'False', reason: pod.status?.phase === 'Pending' ? 'PodPending' : 'Unknown' }
  }

  /** What the source's own conditions say, and the phase where nothing can be exported. */
  function ofSource(
    vmExport: VirtualMachineExport,
    source: Source,
  ): { type: string; value: Value; phase?: string; ready?: Value } | undefined {
    const bound = source.volumes.every((pvc) => pvc.status?.phase === 'Bound')
    switch (vmExport.spec.source.kind) {
      case 'PersistentVolumeClaim': {
        const value: Value =
          source.volumes.length === 0
            ? { status: 'False', reason: 'PVCNotFound', message: source.message }
            : bound
              ? { status: 'True', reason: 'PVCBound' }
              : { status: 'False', reason: 'PVCPending' }
        return { type: 'PVCReady', value }
      }
      case 'VirtualMachineSnapshot': {
        const initializing: Value = { status: 'False', reason: 'Initializing' }
        const none = source.volumes.length === 0
        if (none && source.message.endsWith('does not contain any volume snapshots')) {
          const value: Value = { status: 'False', reason: 'VMSnapshotNoVolumes', message: source.message }
          return { type: 'VolumesCreated', value, phase: 'Skipped', ready: initializing }
        }
        if (none) return { type: 'Ready', value: initializing }
        return {
          type: 'VolumesCreated',
          value: bound
            ? { status: 'True', reason: 'AllPVCsReady' }
            : { status: 'False', reason: 'NotAllPVCsReady', message: 'Not all PVCs are ready' },
        }
      }
      default:
        return source.volumes.length === 0
          ? { type: 'Ready', value: { status: 'False', reason: 'VMNoVolumes', message: source.message }, phase: 'Skipped' }
          : undefined
    }
  }

  function sync(vmExport: VirtualMachineExport): void {
    const now = timestamp(clock)
    const serviceName = ensureService(vmExport)
    const source = sourceOf(vmExport)
    const tokenSecretRef = ensureToken(vmExport, source)
    const pod = managePod(vmExport, source)
    const { phase, ...ready } = readiness(pod, source)
    const own = ofSource(vmExport, source)
    let conditions = (vmExport.status?.conditions ?? []) as Condition[]
    const set = (type: string, value: Value) => (conditions = withCondition(conditions, type, value, now))
    set('Ready', own?.type === 'Ready' ? own.value : (own?.ready ?? ready))
    if (own && own.type !== 'Ready') set(own.type, own.value)
    const status = {
      ...vmExport.status,
      conditions,
      links: phase === 'Ready' ? linksOf(vmExport, source, serviceName) : {},
      phase: own?.phase ?? phase,
      serviceName,
      ...(tokenSecretRef ? { tokenSecretRef } : {}),
      ...(source.vmName === undefined ? {} : { virtualMachineName: source.vmName }),
    }
    objects.setStatus(vmExports, vmExport, status)
  }

  const openExports = (namespace: string | undefined) => objects.list(vmExports, namespace).map(keyOf)

  return {
    name: 'exports',
    keysOf({ resource, object }) {
      switch (resource.plural) {
        case 'virtualmachineexports':
          return [keyOf(object)]
        case 'pods': {
          const owner = controllerOf(object as KubeObject)
          return owner?.kind === 'VirtualMachineExport' ? [`${object.metadata.namespace}/${owner.name}`] : []
        }
        case 'virtualmachineinstances':
        case 'virtualmachinesnapshots':
        case 'datavolumes':
        case 'persistentvolumeclaims':
          return context.storage.count(vmExports) === 0 ? [] : openExports(object.metadata.namespace)
        default:
          return []
      }
    },
    reconcile(key, reconcile) {
      let vmExport = objects.get(vmExports, ...splitKey(key))
      if (!vmExport || vmExport.metadata.deletionTimestamp) return
      const ttlMs = durationMs(vmExport.spec.ttlDuration) ?? defaultTtlMs
      const expiresMs = Date.parse(vmExport.metadata.creationTimestamp) + ttlMs
      if (!vmExport.status) {
        const now = timestamp(clock)
        const initial = withCondition([], 'Ready', { status: 'False', reason: 'Initializing' }, now)
        vmExport = objects.setStatus(vmExports, vmExport, {
          conditions: withCondition(initial, 'PVCReady', { status: 'False', reason: 'Unknown' }, now),
          phase: 'Pending',
          ttlExpirationTime: new Date(expiresMs).toISOString().replace(/\.\d+Z$/, 'Z'),
        })
      }
      if (expiresMs <= clock.now()) {
        objects.remove(vmExports, vmExport)
        return
      }
      reconcile.requeueAfter(expiresMs - clock.now())
      sync(vmExport)
    },
  }
}
