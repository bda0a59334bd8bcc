// From a VmTemplate to a VM: what a template offers, and the objects that an answered form becomes.
import {
  apiVersionOf,
  bytesQuantity,
  own,
  parseQuantity,
  resources,
  type Draft,
  type OwnerReference,
  type Secret,
  type StoredMeta,
  type VirtualMachine,
  type VmTemplate,
} from '@virtdeck/k8s'
import { decodedBase64, encodedBase64, userDataWith, userOf, type Login } from './cloud-init.ts'
import { epochSeconds } from './conditions.ts'
import { domainCpus, domainMemoryBytes, type Domain } from './compute.ts'
import { guestOs } from './guest-os.ts'
import { joinName } from './names.ts'
import { projectVolumeRow, type VolumeObjects } from './projections.ts'
import { compact, nonEmpty, shorten } from './row-fields.ts'
import type { DiskOrigin, TemplateRow } from './rows.ts'

type VmSpec = NonNullable<VirtualMachine['spec']>
type VmiSpec = NonNullable<VmSpec['template']['spec']>
type Volume = NonNullable<VmiSpec['volumes']>[number]
type DataVolumeTemplate = NonNullable<VmSpec['dataVolumeTemplates']>[number]

export type TemplateFacts = TemplateRow & {
  /** How many disks beside the root disk hold data. */
  moreDisks: number
  /** Whether a login can be chosen: cloud-init that we can write, on a system that has cloud-init. */
  login: boolean
  /** Who logs in if nobody says otherwise. */
  user: string
}

/** The claim that a template's root disk is cloned from, `missing` where there is none, undefined where that is not known. */
export type TemplateImage = VolumeObjects | 'missing' | undefined

/** Accounts that the vendors' cloud images come with. */
const defaultUsers: Record<string, string> = {
  ubuntu: 'ubuntu',
  fedora: 'fedora',
  debian: 'debian',
  centos: 'cloud-user',
  rhel: 'cloud-user',
  rocky: 'rocky',
  almalinux: 'almalinux',
  opensuse: 'opensuse',
  sles: 'sles',
  alpine: 'alpine',
  cirros: 'cirros',
  arch: 'arch',
  freebsd: 'freebsd',
}

const maxDescriptionLength = 500

/** A template's row. */
export function projectTemplateRow(template: VmTemplate, image?: TemplateImage): TemplateRow {
  const { metadata, spec } = template
  const domain = spec.template.spec?.domain
  const { os, osName } = templateOs(template)
  const root = rootDisk(template)
  return compact<TemplateRow>({
    uid: metadata.uid,
    name: metadata.name,
    createdAt: epochSeconds(metadata.creationTimestamp) ?? 0,
    displayName: shorten(spec.displayName || metadata.name),
    description: spec.description ? shorten(spec.description, maxDescriptionLength) : undefined,
    os,
    osName,
    family: os === 'windows' ? 'windows' : os ? 'linux' : 'other',
    cpus: domainCpus(domain),
    memoryBytes: domainMemoryBytes(domain),
    diskBytes: root?.template && dataVolumeBytes(root.template),
    origin: root && originOf(root),
    ...imageState(template, image),
    labels: nonEmpty(metadata.labels),
  })
}

/** A template's row, and what the form for a VM asks of the whole object. */
export function templateFacts(template: VmTemplate, image?: TemplateImage): TemplateFacts {
  const row = projectTemplateRow(template, image)
  const { spec } = template
  const cloudInit = cloudInitOf(spec.template.spec)
  return {
    ...row,
    moreDisks: Math.max(0, (spec.dataVolumeTemplates?.length ?? 0) - (rootDisk(template)?.template ? 1 : 0)),
    login: row.family !== 'windows' && (cloudInit === undefined || cloudInit.readable),
    user: userOf(cloudInit?.userData) ?? own(defaultUsers, row.os ?? '') ?? 'user',
  }
}

/** The claim that the template's root disk is cloned from. */
export function templateSource(template: VmTemplate): { namespace: string; name: string } | undefined {
  const root = rootDisk(template)
  const origin = root && originOf(root)
  if (origin?.kind !== 'clone' || origin.resource !== 'persistentvolumeclaims' || !origin.namespace) return undefined
  return { namespace: origin.namespace, name: origin.name }
}

type ImageState = Pick<TemplateRow, 'image'> & { progress?: number | undefined; notReadyReason?: string | undefined }

function imageState(template: VmTemplate, image: TemplateImage): ImageState {
  const source = templateSource(template)
  if (!source || !image) return { image: 'ready' }
  const { namespace, name } = source
  if (image === 'missing') return { image: 'missing', notReadyReason: `Its image ${name} is missing in ${namespace}.` }
  const phase = image.dataVolume?.status?.phase ?? (image.dataVolume && 'Pending')
  if (phase === undefined || phase === 'Succeeded') return { image: 'ready' }
  const { message = 'it failed', progress } = projectVolumeRow(image)
  if (phase === 'Failed') return { image: 'missing', notReadyReason: `Its image ${name} could not be imported: ${message}` }
  return { image: 'importing', progress, notReadyReason: `Its image ${name} is still being imported.` }
}

function templateOs({ metadata, spec }: VmTemplate) {
  return guestOs({
    metadata: [metadata.annotations, metadata.labels, spec.template.metadata?.annotations, spec.template.metadata?.labels],
    names: [metadata.labels?.['app.kubernetes.io/name'], metadata.name, spec.displayName?.replaceAll(' ', '')],
  })
}

type RootDisk = { volume: Volume; template: DataVolumeTemplate | undefined }

/** The disk that it boots from: the lowest boot order, else the first disk whose volume has content of its own. */
function rootDisk({ spec }: VmTemplate): RootDisk | undefined {
  const vmiSpec = spec.template.spec
  const disks = vmiSpec?.domain?.devices?.disks ?? []
  const ordered = disks.toSorted((a, b) => (a.bootOrder ?? Infinity) - (b.bootOrder ?? Infinity))
  const volumes = ordered
    .map(({ name }) => vmiSpec?.volumes?.find((volume) => volume.name === name))
    .filter((volume) => volume !== undefined)
  const volume = volumes.find((item) => item.dataVolume ?? item.persistentVolumeClaim ?? item.containerDisk)
  return volume && { volume, template: spec.dataVolumeTemplates?.find((item) => item.metadata?.name === claimName(volume)) }
}

function claimName(volume: Volume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
}

function dataVolumeBytes({ spec }: DataVolumeTemplate): number | undefined {
  return parseQuantity((spec.storage ?? spec.pvc)?.resources?.requests?.['storage'])
}

function originOf({ volume, template }: RootDisk): DiskOrigin | undefined {
  if (volume.containerDisk) return { kind: 'image', image: volume.containerDisk.image }
  if (!template) {
    const name = claimName(volume)
    return name ? { kind: 'existing', name } : undefined
  }
  const { source, sourceRef } = template.spec
  if (sourceRef)
    return { kind: 'clone', resource: 'datasources', ...(sourceRef.namespace && { namespace: sourceRef.namespace }), name: sourceRef.name }
  if (source?.pvc) return { kind: 'clone', resource: 'persistentvolumeclaims', namespace: source.pvc.namespace, name: source.pvc.name }
  if (source?.snapshot)
    return { kind: 'clone', resource: 'volumesnapshots', namespace: source.snapshot.namespace, name: source.snapshot.name }
  const image = source?.registry?.url ?? source?.registry?.imageStream
  if (image) return { kind: 'image', image }
  const url = source?.http?.url ?? source?.s3?.url ?? source?.gcs?.url ?? source?.imageio?.url
  if (url === undefined) return { kind: 'blank' }
  return { kind: 'download', ...(URL.canParse(url) && { host: new URL(url).host }) }
}

type CloudInit = { volume: Volume; key: 'cloudInitNoCloud' | 'cloudInitConfigDrive'; userData: string | undefined; readable: boolean }

function cloudInitOf(spec: VmiSpec | undefined): CloudInit | undefined {
  for (const volume of spec?.volumes ?? []) {
    const key = volume.cloudInitNoCloud ? 'cloudInitNoCloud' : volume.cloudInitConfigDrive ? 'cloudInitConfigDrive' : undefined
    const source = key && volume[key]
    if (!source) continue
    const userData = source.userData ?? (source.userDataBase64 === undefined ? undefined : decodedBase64(source.userDataBase64))
    // What a Secret of another namespace holds cannot be read, hence not be added to.
    return { volume, key, userData, readable: source.secretRef === undefined }
  }
  return undefined
}

/** The form's answers. What is undefined stays as the template has it. */
export type TemplateValues = {
  name: string
  namespace: string
  cpus?: number | undefined
  memoryBytes?: number | undefined
  /** Size of the root disk. */
  diskBytes?: number | undefined
  start: boolean
  login: Login
}

/** The VM, and the Secret with its user data where a login was chosen: the VM itself then holds no password. */
export function vmFromTemplate(template: VmTemplate, values: TemplateValues): { vm: Draft<VirtualMachine>; secret?: Draft<Secret> } {
  const { name, namespace } = values
  const { spec } = structuredClone({ spec: template.spec })
  const renamed = new Map((spec.dataVolumeTemplates ?? []).map((item) => [item.metadata?.name ?? '', diskName(template, item, name)]))
  const root = rootDisk(template)?.template?.metadata?.name
  const vmiSpec = spec.template.spec
  const secret =
    values.login.kind === 'none' ? undefined : userDataSecret(name, namespace, userDataWith(cloudInitOf(vmiSpec)?.userData, values.login))
  const vm: Draft<VirtualMachine> = {
    apiVersion: apiVersionOf(resources.virtualMachines),
    kind: resources.virtualMachines.kind,
    metadata: { name, namespace, labels: { 'vm.kubevirt.io/template': template.metadata.name } },
    spec: {
      runStrategy: runStrategyOf(template, values.start),
      ...(spec.dataVolumeTemplates && {
        dataVolumeTemplates: spec.dataVolumeTemplates.map((item) => {
          const old = item.metadata?.name ?? ''
          const { namespace: _, ...metadata } = item.metadata ?? {}
          const sized = old === root && values.diskBytes !== undefined ? withSize(item.spec, values.diskBytes) : item.spec
          return { metadata: { ...metadata, name: renamed.get(old) ?? old }, spec: sized }
        }),
      }),
      template: {
        metadata: {
          ...spec.template.metadata,
          labels: { ...spec.template.metadata?.labels, 'kubevirt.io/domain': name },
        },
        ...(vmiSpec && { spec: vmiSpecFor(vmiSpec, values, renamed, secret?.metadata.name) }),
      },
    },
  }
  return secret ? { vm, secret } : { vm }
}

/** `root` of a template `ubuntu` becomes `NAME-root`; `ubuntu-root`, too. */
function diskName(template: VmTemplate, { metadata }: DataVolumeTemplate, vmName: string): string {
  const prefix = `${template.metadata.name}-`
  const old = metadata?.name ?? 'disk'
  return joinName(
    vmName,
    old.startsWith(prefix) && old !== prefix ? old.slice(prefix.length) : old === template.metadata.name ? 'root' : old,
  )
}

function runStrategyOf({ spec }: VmTemplate, start: boolean): string {
  const preferred = spec.runStrategy
  if (!start) return preferred === 'Manual' ? 'Manual' : 'Halted'
  return preferred === 'RerunOnFailure' || preferred === 'Once' ? preferred : 'Always'
}

function withSize(spec: DataVolumeTemplate['spec'], bytes: number): DataVolumeTemplate['spec'] {
  const key = spec.pvc ? 'pvc' : 'storage'
  const storage = spec[key]
  return {
    ...spec,
    [key]: {
      ...storage,
      resources: { ...storage?.resources, requests: { ...storage?.resources?.requests, storage: bytesQuantity(bytes) } },
    },
  }
}

function vmiSpecFor(spec: VmiSpec, values: TemplateValues, renamed: ReadonlyMap<string, string>, secretName: string | undefined): VmiSpec {
  const cloudInit = cloudInitOf(spec)
  const rename = (name: string) => renamed.get(name) ?? name
  const volumes = (spec.volumes ?? []).map((volume): Volume => {
    if (volume.dataVolume) return { ...volume, dataVolume: { ...volume.dataVolume, name: rename(volume.dataVolume.name) } }
    if (volume.persistentVolumeClaim) {
      return {
        ...volume,
        persistentVolumeClaim: { ...volume.persistentVolumeClaim, claimName: rename(volume.persistentVolumeClaim.claimName) },
      }
    }
    return cloudInit && volume.name === cloudInit.volume.name ? cloudInitVolume(cloudInit, secretName) : volume
  })
  const { hostname, ...rest } = spec
  const devices = withoutIdentity(spec.domain.devices)
  const added = secretName && !cloudInit ? freeName('cloudinit', volumes) : undefined
  return {
    ...rest,
    // One host name for all VMs of a template is none: without it, it is the VM's name.
    ...(hostname && hostname !== values.name && { hostname: values.name }),
    domain: {
      ...resized(spec.domain, values),
      devices: added ? { ...devices, disks: [...(devices?.disks ?? []), { name: added, disk: { bus: 'virtio' } }] } : devices,
    },
    volumes: added ? [...volumes, { name: added, cloudInitNoCloud: { secretRef: { name: secretName ?? '' } } }] : volumes,
  }
}

/** Network data stays inline: it holds addresses, not secrets. */
function cloudInitVolume({ volume, key, userData, readable }: CloudInit, secretName: string | undefined): Volume {
  if (!readable) return volume
  const { userData: _plain, userDataBase64: _encoded, ...rest } = volume[key] ?? {}
  if (secretName) return { name: volume.name, [key]: { ...rest, secretRef: { name: secretName } } }
  // A VM needs some user data where it has the volume.
  return { name: volume.name, [key]: { ...rest, userData: userDataWith(userData, { kind: 'none' }) } }
}

function freeName(wanted: string, volumes: readonly Volume[]): string {
  const taken = new Set(volumes.map(({ name }) => name))
  for (let n = 0; ; n++) {
    const name = n === 0 ? wanted : `${wanted}${n}`
    if (!taken.has(name)) return name
  }
}

/** MAC addresses are unique in a network, hence not a template's to give. */
function withoutIdentity(devices: Domain['devices']): Domain['devices'] {
  return {
    ...devices,
    ...(devices?.interfaces && { interfaces: devices.interfaces.map(({ macAddress: _, ...iface }) => iface) }),
  }
}

/** CPU and memory as asked for; requests and limits keep their proportion to what the guest sees. */
function resized(domain: Domain, { cpus, memoryBytes }: TemplateValues): Domain {
  const { firmware, cpu, memory, resources: old, ...rest } = domain
  const { uuid: _uuid, serial: _serial, ...boot } = firmware ?? {}
  const cpuFactor = ratio(cpus, domainCpus(domain))
  const memoryFactor = ratio(memoryBytes, domainMemoryBytes(domain))
  const scaled = (values: Record<string, string> | undefined) => values && scaleResources(values, cpuFactor, memoryFactor)
  const { sockets: _sockets, cores: _cores, threads: _threads, maxSockets: _maxSockets, ...model } = cpu ?? {}
  return {
    ...rest,
    ...(Object.keys(boot).length > 0 && { firmware: boot }),
    cpu:
      cpus === undefined
        ? cpu
        : {
            ...model,
            ...(cpu?.sockets && cpu.sockets > 1 && !(cpu.cores && cpu.cores > 1)
              ? { sockets: cpus, cores: 1 }
              : { cores: cpus, sockets: 1 }),
            threads: 1,
          },
    memory: memoryBytes === undefined ? memory : { ...memory, guest: bytesQuantity(memoryBytes) },
    ...(old && {
      resources: {
        ...old,
        ...(old.requests && { requests: scaled(old.requests) ?? {} }),
        ...(old.limits && { limits: scaled(old.limits) ?? {} }),
      },
    }),
  }
}

function ratio(wanted: number | undefined, had: number | undefined): number {
  return wanted === undefined || !had ? 1 : wanted / had
}

function scaleResources(values: Record<string, string>, cpuFactor: number, memoryFactor: number): Record<string, string> {
  const cpu = parseQuantity(values['cpu'])
  const memory = parseQuantity(values['memory'])
  return {
    ...values,
    ...(cpu !== undefined && cpuFactor !== 1 && { cpu: `${Math.round(cpu * cpuFactor * 1000)}m` }),
    ...(memory !== undefined && memoryFactor !== 1 && { memory: bytesQuantity(Math.round((memory * memoryFactor) / 2 ** 20) * 2 ** 20) }),
  }
}

function userDataSecret(vmName: string, namespace: string, userData: string): Draft<Secret> {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: joinName(vmName, 'cloud-init'), namespace, labels: { 'app.kubernetes.io/managed-by': 'virtdeck' } },
    type: 'Opaque',
    // The key that KubeVirt reads: https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/cloud-init/cloud-init.go
    data: { userdata: encodedBase64(userData) },
  }
}

/** Merge patch by which an object goes when the VM goes. */
export function ownedByVm({ name, uid }: Pick<StoredMeta, 'name' | 'uid'>): { metadata: { ownerReferences: OwnerReference[] } } {
  return {
    metadata: {
      ownerReferences: [{ apiVersion: apiVersionOf(resources.virtualMachines), kind: resources.virtualMachines.kind, name, uid }],
    },
  }
}
