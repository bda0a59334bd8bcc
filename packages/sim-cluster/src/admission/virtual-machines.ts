// virtualmachines-mutator.kubevirt.io and virtualmachine-validator.kubevirt.io
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters/vms-admitter.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/validating-webhook/admitters/vmi-create-admitter.go
import type { KubeObject, StatusCause, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import type { Admission } from '../api/context.ts'
import { ApiError } from '../api/status.ts'
import { findInstancetype } from '../controllers/instancetypes.ts'
import { memoryHotplugProblem } from '../controllers/memory-hotplug.ts'
import { vms, type Objects } from '../controllers/objects.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import { updatesLive } from '../controllers/vmi-spec.ts'
import { invalidBy } from './denials.ts'
import { asVm, defaultVm } from './vm-defaults.ts'

const validator = 'virtualmachine-validator.kubevirt.io'

type TemplateSpec = NonNullable<VirtualMachine['spec']['template']['spec']>
type Cause = StatusCause & { message: string }

const cause = (field: string | undefined, message: string, reason = 'FieldValueInvalid'): Cause => ({
  reason,
  message,
  ...(field ? { field } : {}),
})

const runStrategies = ['Always', 'Halted', 'Manual', 'RerunOnFailure', 'Once']
const evictionStrategies = ['LiveMigrate', 'LiveMigrateIfPossible', 'None', 'External']
const buses = ['virtio', 'scsi', 'sata', 'usb']
const nicModels = ['e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139', 'virtio']
const cloudInitLimitBytes = 2048
const reservedLabels = [
  'kubevirt.io/created-by',
  'kubevirt.io/migrationJobUID',
  'kubevirt.io/nodeName',
  'kubevirt.io/migrationTargetNodeName',
  'kubevirt.io/install-strategy',
  'kubevirt.io/schedulable',
]

function* runStrategyCauses({ spec }: VirtualMachine): Generator<Cause> {
  const { running, runStrategy } = spec
  if (running !== undefined && runStrategy !== undefined) {
    yield cause(
      'spec.running',
      'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
    )
  } else if (running === undefined && runStrategy === undefined) {
    yield cause('spec.running', 'RunStrategy must be specified')
  } else if (runStrategy === 'WaitAsReceiver') {
    const message = 'Invalid RunStrategy (WaitAsReceiver), DecentralizedLiveMigration feature gate is not enabled in kubevirt resource'
    yield cause('spec.runStrategy', message)
  } else if (runStrategy !== undefined && !runStrategies.includes(runStrategy)) {
    yield cause('spec.runStrategy', `Invalid RunStrategy (${runStrategy})`)
  }
}

function* dataVolumeTemplateCauses({ spec }: VirtualMachine): Generator<Cause> {
  for (const [i, template] of (spec.dataVolumeTemplates ?? []).entries()) {
    const field = `spec.dataVolumeTemplate[${i}]`
    const name = template.metadata?.name
    if (!name) {
      yield cause(`${field}.name`, `'name' field must not be empty for DataVolumeTemplate entry ${field}.name.`, 'FieldValueRequired')
      continue
    }
    const used = spec.template.spec?.volumes?.some(
      (volume) => volume.dataVolume?.name === name || volume.persistentVolumeClaim?.claimName === name,
    )
    if (!used)
      yield cause(field, `DataVolumeTemplate entry ${field} must be referenced in the VMI template's 'volumes' list`, 'FieldValueRequired')
  }
}

function* instancetypeCauses(objects: Objects, vm: VirtualMachine): Generator<Cause> {
  try {
    if (!findInstancetype(objects, vm)) return
  } catch (error) {
    // A missing instance type is accepted; the VM then says so in its conditions.
    if (error instanceof ApiError) return
    throw error
  }
  const { cpu, memory } = vm.spec.template.spec?.domain ?? {}
  const conflict = (path: string) =>
    cause(`spec.template.spec.domain.${path}`, `VM field(s) spec.template.spec.domain.${path} conflicts with selected instance type`)
  for (const field of ['sockets', 'cores', 'threads'] as const) if (cpu?.[field]) yield conflict(`cpu.${field}`)
  if (memory?.guest) yield conflict('memory')
}

function* cpuCauses(spec: TemplateSpec, field: string): Generator<Cause> {
  const { cpu, resources, memory, firmware, features } = spec.domain
  const requests = resources?.requests as Record<string, string> | undefined
  const limits = resources?.limits as Record<string, string> | undefined
  for (const resource of ['memory', 'cpu'] as const) {
    const [asked, most] = [parseQuantity(requests?.[resource]), parseQuantity(limits?.[resource])]
    if (asked !== undefined && most !== undefined && asked > most) {
      const path = `${field}.domain.resources`
      yield cause(
        `${path}.requests.${resource}`,
        `${path}.requests.${resource} '${requests?.[resource]}' is greater than ${path}.limits.${resource} '${limits?.[resource]}'`,
      )
    }
  }
  const pageSize = memory?.hugepages?.pageSize
  const askedMemory = requests?.['memory'] ?? '0'
  const page = parseQuantity(pageSize)
  if (pageSize && page && !['2Mi', '1Gi'].includes(pageSize) && ((parseQuantity(askedMemory) ?? 0) % page !== 0 || askedMemory === '0')) {
    yield cause(
      `${field}.domain.resources.requests.memory`,
      `${field}.domain.resources.requests.memory '${askedMemory}' is not a multiple of the page size ${field}.domain.hugepages.size '${pageSize}'`,
    )
  }
  if (cpu?.maxSockets && (cpu.sockets ?? 1) > cpu.maxSockets) {
    const tooMany = cause(`${field}.domain.cpu.sockets`, 'Number of sockets in CPU topology is greater than the maximum sockets allowed')
    // Both of KubeVirt's validators say it.
    yield tooMany
    yield tooMany
  }
  const efi = firmware?.bootloader?.efi
  if (efi && efi.secureBoot !== false && !(features?.smm && features.smm.enabled !== false)) {
    yield cause(`${field}.domain`, `${field}.domain has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.`)
  }
}

function* diskCauses(spec: TemplateSpec, field: string): Generator<Cause> {
  const { disks = [] } = spec.domain.devices
  const path = `${field}.domain.devices.disks`
  const bootOrders = new Map<number, string>()
  for (const [i, disk] of disks.entries()) {
    const first = disks.findIndex((other) => other.name === disk.name)
    if (first < i) yield cause(`${path}[${i}].name`, `${path}[${i}] and ${path}[${first}] must not have the same Name.`)
    if (disk.bootOrder !== undefined && disk.bootOrder < 1) {
      yield cause(`${path}[${i}].bootOrder`, `${path}[${i}] must have a boot order > 0, if supplied`)
    } else if (disk.bootOrder !== undefined) {
      if (bootOrders.has(disk.bootOrder)) {
        yield cause(`${path}[${i}].bootOrder`, `Boot order for ${path}[${i}].bootOrder already set for a different device.`)
      }
      bootOrders.set(disk.bootOrder, disk.name)
    }
    const kind = disk.disk ? 'disk' : disk.cdrom ? 'cdrom' : disk.lun ? 'lun' : 'disk'
    const bus = disk[kind]?.bus as string | undefined
    if (bus && !buses.includes(bus)) {
      yield cause(`${path}[${i}].${kind}.bus`, `${path}[${i}] is set with an unrecognized bus ${bus}, must be one of: [${buses.join(' ')}]`)
    }
  }
  for (const [i, disk] of disks.entries()) {
    if (!spec.volumes?.some((volume) => volume.name === disk.name))
      yield cause(`${path}[${i}].name`, `${path}[${i}].Name '${disk.name}' not found.`)
  }
}

function* volumeCauses(spec: TemplateSpec, field: string): Generator<Cause> {
  const path = `${field}.volumes`
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    const { name, ...sources } = volume
    const first = spec.volumes?.findIndex((other) => other.name === name) ?? i
    if (first < i) yield cause(`${path}[${i}].name`, `${path}[${i}] and ${path}[${first}] must not have the same Name.`)
    if (Object.values(sources).filter(Boolean).length !== 1) {
      yield cause(`${path}[${i}]`, `${path}[${i}] must have exactly one source type set`)
      continue
    }
    const kind = volume.cloudInitNoCloud ? 'cloudInitNoCloud' : volume.cloudInitConfigDrive ? 'cloudInitConfigDrive' : undefined
    const cloudInit = volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive
    if (kind && cloudInit) yield* cloudInitCauses(cloudInit, kind, `${path}[${i}].${kind}`)
  }
}

type CloudInit = NonNullable<NonNullable<TemplateSpec['volumes']>[number]['cloudInitNoCloud']>

function* cloudInitCauses(cloudInit: CloudInit, kind: string, field: string): Generator<Cause> {
  const parts = [
    { name: 'userData', source: 'userdatasource', secret: cloudInit.secretRef, refName: 'UserDataSecretRef' },
    { name: 'networkData', source: 'networkdata source', secret: cloudInit.networkDataSecretRef, refName: 'NetworkDataSecretRef' },
  ] as const
  let sources = 0
  for (const { name, source, secret, refName } of parts) {
    const plain = cloudInit[name] ?? ''
    const encoded = cloudInit[`${name}Base64`] ?? ''
    const given = [secret?.name, encoded, plain].filter(Boolean).length
    sources += given
    if (encoded && !isBase64(encoded)) {
      yield cause(`${field}.${name}Base64`, `${field}.${name}Base64.${kind}.${name}Base64 is not a valid base64 value.`)
    }
    if (given > 1) yield cause(field, `${field} must have only one ${source} set.`)
    const bytes = plain ? Buffer.byteLength(plain) : Buffer.byteLength(encoded, 'base64')
    if (bytes > cloudInitLimitBytes) {
      const what = `${field} ${name.toLowerCase()} exceeds ${cloudInitLimitBytes} byte limit.`
      yield cause(field, `${what} Should use ${refName} for larger data.`)
    }
  }
  if (sources === 0) yield cause(field, `${field} must have at least one userdatasource or one networkdatasource set.`)
}

/** As Go's decoder takes it: line breaks do not count, all else is to be exact. */
const isBase64 = (text: string) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replaceAll(/[\r\n]/g, ''))

function* networkCauses(spec: TemplateSpec, field: string): Generator<Cause> {
  const { interfaces = [] } = spec.domain.devices
  const networks = spec.networks ?? []
  const path = `${field}.domain.devices.interfaces`
  if (networks.filter((network) => network.pod).length > 1) {
    yield cause(
      `${field}.interfaces`,
      `more than one interface is connected to a pod network in ${field}.interfaces`,
      'FieldValueDuplicate',
    )
    return
  }
  for (const [i, nic] of interfaces.entries()) {
    const network = networks.find((candidate) => candidate.name === nic.name)
    if (nic.masquerade && !network?.pod) yield cause(`${path}[${i}].name`, 'Masquerade interface only implemented with pod network')
    if (!network) yield cause(`${path}[${i}].name`, `${path}[${i}].name '${nic.name}' not found.`)
    if (nic.model && !nicModels.includes(nic.model)) {
      yield cause(
        `${path}[${i}].model`,
        `interface ${path}[${i}].name uses model ${nic.model} that is not supported.`,
        'FieldValueNotSupported',
      )
    }
    if (nic.macAddress && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(nic.macAddress)) {
      yield cause(`${path}[${i}].macAddress`, `interface ${path}[${i}].name has malformed MAC address (${nic.macAddress}).`)
    }
  }
  for (const [i, network] of networks.entries()) {
    if (!interfaces.some((nic) => nic.name === network.name)) {
      yield cause(`${field}.networks[${i}].name`, `${field}.networks[${i}].name '${network.name}' not found.`, 'FieldValueRequired')
    }
  }
}

function* specCauses(spec: TemplateSpec, field: string): Generator<Cause> {
  yield* cpuCauses(spec, field)
  yield* volumeCauses(spec, field)
  yield* diskCauses(spec, field)
  yield* networkCauses(spec, field)
  const { hostDevices, autoattachVSOCK } = spec.domain.devices
  if (hostDevices?.length) yield cause(`${field}.HostDevices`, 'Host Devices feature gate is not enabled in kubevirt-config')
  if (autoattachVSOCK) yield cause(`${field}.domain.devices.autoattachVSOCK`, 'VSOCK feature gate is not enabled in kubevirt-config')
  if (spec.evictionStrategy && !evictionStrategies.includes(spec.evictionStrategy)) {
    yield cause(`${field}.evictionStrategy`, `${field}.evictionStrategy is set with an unrecognized option: ${spec.evictionStrategy}`)
  }
}

/** What could not be plugged into the running VM, though its spec promises it. */
function* liveUpdateCauses(objects: Objects, spec: TemplateSpec): Generator<Cause> {
  const { maxGuest } = spec.domain.memory ?? {}
  if (!maxGuest || !updatesLive(objects)) return
  const problem = memoryHotplugProblem(spec as VirtualMachineInstance['spec'], maxGuest as string)
  if (problem) yield cause('spec.template.spec.domain.memory.guest', problem)
}

/** Everything that the validator has against a VM, in its order. */
export function vmCauses(objects: Objects, vm: VirtualMachine): Cause[] {
  const spec = vm.spec.template.spec as TemplateSpec
  const labels = (vm.spec.template.metadata as { labels?: Record<string, string> } | undefined)?.labels ?? {}
  const instancetype = [...instancetypeCauses(objects, vm)]
  if (instancetype.length > 0) return instancetype
  const causes: Cause[] = []
  if (reservedLabels.some((label) => label in labels)) {
    causes.push(
      cause(
        'spec.template.metadata.labels',
        'creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited',
        'FieldValueNotSupported',
      ),
    )
  }
  return [
    ...causes,
    ...specCauses(spec, 'spec.template.spec'),
    ...runStrategyCauses(vm),
    ...dataVolumeTemplateCauses(vm),
    ...liveUpdateCauses(objects, spec),
  ]
}

/** What a snapshot or restore that is under way forbids. */
function inProgressCause(previous: VirtualMachine, vm: VirtualMachine): Cause | undefined {
  const changed = JSON.stringify(previous.spec) !== JSON.stringify(vm.spec)
  if (!changed) return undefined
  const { restoreInProgress, snapshotInProgress } = previous.status ?? {}
  const strategy = vm.spec.runStrategy ?? (vm.spec.running ? 'Always' : 'Halted')
  if (restoreInProgress && strategy !== 'Halted') return cause('spec', `Cannot start VM until restore "${restoreInProgress}" completes`)
  const volumes = (one: VirtualMachine) => JSON.stringify([one.spec.template.spec?.volumes, one.spec.template.spec?.domain.devices.disks])
  if (snapshotInProgress && volumes(previous) !== volumes(vm)) {
    return cause('spec', `Cannot update VM disks or volumes until snapshot "${snapshotInProgress}" completes`)
  }
  return undefined
}

export function vmAdmission(objects: Objects): Admission {
  return ({ verb, key, subresource, object, previous }) => {
    if (key !== vms || subresource || verb === 'delete') return object
    // What is on its way out is let go.
    if (object.metadata.deletionTimestamp) return object
    const vm = defaultVm(objects, asVm(object))
    const causes = vmCauses(objects, vm)
    const inProgress = previous ? inProgressCause(asVm(previous), vm) : undefined
    if (inProgress) causes.push(inProgress)
    if (causes.length > 0) throw invalidBy(validator, causes)
    return vm as unknown as KubeObject
  }
}
