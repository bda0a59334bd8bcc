// Objects to rows. Pure: the server's inventory and the pages of the web share them.
import {
  parseQuantity,
  type Condition,
  type DataVolume,
  type Node,
  type PersistentVolumeClaim,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
  type VirtualMachineRestore,
  type VirtualMachineSnapshot,
  type VirtualMachineSnapshotContent,
} from '@virtdeck/k8s'
import { vmCompute } from './compute.ts'
import { condition, epochSeconds, isFalse, isTrue } from './conditions.ts'
import { guestOs } from './guest-os.ts'
import { migrationEnded } from './migrations.ts'
import { compact, nonEmpty, shorten } from './row-fields.ts'
import type { MigrationRow, NodeRow, SnapshotRow, VmRow, VolumeRow } from './rows.ts'

export type VmObjects = {
  vm?: VirtualMachine | undefined
  vmi?: VirtualMachineInstance | undefined
  /** Its active migration; one that has ended leaves no trace in the row. */
  migration?: VirtualMachineInstanceMigration | undefined
  /** The DataVolumes of its disks. */
  dataVolumes?: readonly DataVolume[] | undefined
}

/** A VM's row. Needs the VirtualMachine, or the VMI that none owns. */
export function projectVmRow({ vm, vmi, migration, dataVolumes }: VmObjects): VmRow {
  const owner = vm ?? vmi
  if (!owner) throw new TypeError('projectVmRow needs a VirtualMachine or a VirtualMachineInstance')
  const { metadata } = owner
  const active = migration && !migrationEnded(migration.status?.phase) ? migration : undefined
  const status = vm ? (vm.status?.printableStatus ?? vmi?.status?.phase ?? 'Stopped') : bareStatus(vmi, active)
  // The migration's own copy of the state is complete only at its end; until then the VMI has it.
  const vmiState = vmi?.status?.migrationState
  const moving = vmiState?.migrationUid === active?.metadata.uid ? vmiState : active?.status?.migrationState
  const running = vmi?.status?.phase === 'Running'
  const blocked = running ? condition(vmi.status?.conditions, 'LiveMigratable') : undefined
  const template = vm?.spec.template
  return compact<VmRow>({
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    createdAt: epochSeconds(metadata.creationTimestamp) ?? 0,
    status,
    statusSince: statusSince(status, { vm, vmi, migration: active }),
    message: failureMessage(status, vm?.status?.conditions ?? vmi?.status?.conditions, vmi?.status?.conditions),
    // `running: true` is how older VMs say `runStrategy: Always`.
    runStrategy: vm && (vm.spec.runStrategy ?? vm.status?.runStrategy ?? (vm.spec.running ? 'Always' : 'Halted')),
    ...vmCompute(vm, vmi),
    instancetype: vm?.spec.instancetype?.name,
    preference: vm?.spec.preference?.name,
    ...guestOs({
      guest: vmi?.status?.guestOSInfo,
      preference: vm?.spec.preference?.name,
      metadata: [template?.metadata?.annotations, template?.metadata?.labels, metadata.annotations, metadata.labels],
      names: [metadata.annotations?.['vm.kubevirt.io/template'], metadata.labels?.['vm.kubevirt.io/template']],
    }),
    node: vmi?.status?.nodeName,
    ips: ipsOf(vmi),
    labels: nonEmpty(metadata.labels),
    agent: running ? isTrue(vmi.status?.conditions, 'AgentConnected') : undefined,
    notMigratable:
      blocked?.status === 'False' ? { reason: blocked.reason ?? '', message: shorten(blocked.message ?? blocked.reason ?? '') } : undefined,
    restartRequired: isTrue(vm?.status?.conditions, 'RestartRequired') || undefined,
    progress: importProgress(dataVolumes),
    migration: active && {
      name: active.metadata.name,
      phase: active.status?.phase || 'Pending',
      ...present('targetNode', moving?.targetNode),
      ...present('startedAt', epochSeconds(moving?.startTimestamp ?? active.metadata.creationTimestamp)),
    },
    bare: vm ? undefined : true,
  })
}

/** What printableStatus would say of a VMI that no VirtualMachine owns. */
function bareStatus(vmi: VirtualMachineInstance | undefined, migration: VirtualMachineInstanceMigration | undefined): string {
  if (vmi?.metadata.deletionTimestamp) return 'Terminating'
  if (migration && vmi?.status?.phase === 'Running') return 'Migrating'
  if (isTrue(vmi?.status?.conditions, 'Paused')) return 'Paused'
  return vmi?.status?.phase || 'Pending'
}

type Watched = {
  vm: VirtualMachine | undefined
  vmi: VirtualMachineInstance | undefined
  migration: VirtualMachineInstanceMigration | undefined
}

/** KubeVirt keeps no time of printableStatus: it is what the fact behind it says of itself. */
function statusSince(status: string, { vm, vmi, migration }: Watched): number | undefined {
  const conditions = vmi?.status?.conditions ?? vm?.status?.conditions
  const since = (type: string): number | undefined => epochSeconds(condition(conditions, type)?.lastTransitionTime)
  const readySince = epochSeconds(condition(vm?.status?.conditions, 'Ready')?.lastTransitionTime)
  switch (status) {
    case 'Running':
      return phaseSince(vmi, 'Running') ?? readySince
    case 'Paused':
      return since('Paused') ?? epochSeconds(condition(vm?.status?.conditions, 'Paused')?.lastTransitionTime)
    case 'Migrating':
      return epochSeconds(
        migration?.status?.migrationState?.startTimestamp ??
          migration?.metadata.creationTimestamp ??
          vmi?.status?.migrationState?.startTimestamp,
      )
    case 'Terminating':
      return epochSeconds((vm ?? vmi)?.metadata.deletionTimestamp)
    case 'Stopping':
      return epochSeconds(vmi?.metadata.deletionTimestamp) ?? readySince
    case 'Stopped':
      return readySince ?? phaseSince(vmi, 'Succeeded') ?? phaseSince(vmi, 'Failed') ?? epochSeconds(vm?.metadata.creationTimestamp)
    case 'CrashLoopBackOff':
      return readySince
    default:
      return phaseSince(vmi, vmi?.status?.phase) ?? epochSeconds(vmi?.metadata.creationTimestamp) ?? readySince
  }
}

function phaseSince(vmi: VirtualMachineInstance | undefined, phase: string | undefined): number | undefined {
  const transition = vmi?.status?.phaseTransitionTimestamps?.findLast((item) => item.phase === phase)
  return epochSeconds(transition?.phaseTransitionTimestamp)
}

const failing = /^(CrashLoopBackOff|Error|Err|ImagePull|DataVolumeError|Failed|Unknown)/

/** Why it fails, out of the condition nearest to the cause. */
function failureMessage(
  status: string,
  conditions: readonly Condition[] | undefined,
  vmiConditions: readonly Condition[] | undefined,
): string | undefined {
  const failure = condition(conditions, 'Failure')
  const failed = failure?.status === 'True' ? failure : undefined
  if (!failed && !failing.test(status)) return undefined
  const candidates = [
    failed,
    ...['PodScheduled', 'DataVolumesReady', 'Synchronized', 'Ready'].flatMap((type) => [
      isFalse(vmiConditions, type) ? condition(vmiConditions, type) : undefined,
      isFalse(conditions, type) ? condition(conditions, type) : undefined,
    ]),
  ]
  const best = candidates.find((item) => item?.message) ?? candidates.find((item) => item?.reason)
  const text = best?.message || best?.reason
  return text ? shorten(text) : undefined
}

function ipsOf(vmi: VirtualMachineInstance | undefined): string[] | undefined {
  const ips = vmi?.status?.interfaces
    ?.flatMap((item) => [item.ipAddress, ...(item.ipAddresses ?? [])])
    .filter((ip): ip is string => Boolean(ip))
  return ips?.length ? [...new Set(ips)] : undefined
}

/** Percent over all DataVolumes, while one of them is being filled and says how far it is. */
function importProgress(dataVolumes: readonly DataVolume[] | undefined): number | undefined {
  const percents = (dataVolumes ?? []).map(({ status }) => (status?.phase === 'Succeeded' ? 100 : percentOf(status?.progress)))
  const filling = (dataVolumes ?? []).some(({ status }) => status?.phase !== 'Succeeded' && percentOf(status?.progress) !== undefined)
  if (!filling) return undefined
  return Math.floor(percents.reduce<number>((sum, percent) => sum + (percent ?? 0), 0) / percents.length)
}

/** CDI's `47.36%`, or `N/A` where it does not know. */
export function percentOf(progress: string | undefined): number | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(progress ?? '')?.[1]
  return percent === undefined ? undefined : Math.min(100, Number(percent))
}

type Taint = NonNullable<NodeRow['taints']>[number]

export function projectNodeRow(node: Node): NodeRow {
  const { metadata, spec, status } = node
  const available = status?.allocatable ?? status?.capacity
  return compact<NodeRow>({
    uid: metadata.uid,
    name: metadata.name,
    createdAt: epochSeconds(metadata.creationTimestamp) ?? 0,
    ready: isTrue(status?.conditions as Condition[] | undefined, 'Ready'),
    unschedulable: spec?.unschedulable === true,
    schedulable: metadata.labels?.['kubevirt.io/schedulable'] === 'true',
    cpuMillicores: Math.round((parseQuantity(available?.['cpu']) ?? 0) * 1000),
    memoryBytes: Math.round(parseQuantity(available?.['memory']) ?? 0),
    labels: nonEmpty(metadata.labels),
    taints: nonEmpty(
      spec?.taints
        ?.filter(({ key, effect }) => effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/'))
        .map(({ key, value, effect }) => compact<Taint>({ key, value: value || undefined, effect })),
    ),
  })
}

/** A migration's row. Where it goes from and to, its VMI knows best until it has ended. */
export function projectMigrationRow(
  { metadata, spec, status }: VirtualMachineInstanceMigration,
  vmi?: VirtualMachineInstance,
): MigrationRow {
  const vmiState = vmi?.status?.migrationState
  const moving = vmiState?.migrationUid === metadata.uid && !migrationEnded(status?.phase)
  const state = moving ? vmiState : status?.migrationState
  return compact<MigrationRow>({
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    createdAt: epochSeconds(metadata.creationTimestamp) ?? 0,
    vmiName: spec.vmiName ?? '',
    phase: status?.phase || 'Pending',
    sourceNode: state?.sourceNode,
    targetNode: state?.targetNode,
    startedAt: epochSeconds(state?.startTimestamp),
    endedAt: epochSeconds(state?.endTimestamp),
    failureReason: state?.failureReason ? shorten(state.failureReason) : undefined,
  })
}

export type SnapshotObjects = {
  content?: VirtualMachineSnapshotContent | undefined
  /** The restores that name it. */
  restores?: readonly VirtualMachineRestore[] | undefined
}

export function projectSnapshotRow(
  { metadata, spec, status }: VirtualMachineSnapshot,
  { content, restores = [] }: SnapshotObjects = {},
): SnapshotRow {
  const restoredAt = restores.flatMap(({ status: done }) => (done?.complete ? [epochSeconds(done.restoreTime ?? undefined) ?? 0] : []))
  const sizes = content?.spec.volumeBackups?.map(
    ({ persistentVolumeClaim }) => parseQuantity(persistentVolumeClaim.spec?.resources?.requests?.['storage'] as string | undefined) ?? 0,
  )
  const indications = status?.sourceIndications?.map(({ indication }) => indication) ?? status?.indications
  const told = snapshotMessage(status)
  return compact<SnapshotRow>({
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    createdAt: epochSeconds(metadata.creationTimestamp) ?? 0,
    vmName: spec.source?.name ?? '',
    phase: metadata.deletionTimestamp ? 'Deleting' : status?.phase || 'InProgress',
    ready: status?.readyToUse === true,
    takenAt: epochSeconds(status?.creationTime ?? undefined),
    message: told === undefined ? undefined : shorten(told),
    indications: indications?.length ? indications : undefined,
    disks: status?.snapshotVolumes?.includedVolumes,
    leftOut: status?.snapshotVolumes?.excludedVolumes?.length ? status.snapshotVolumes.excludedVolumes : undefined,
    sizeBytes: sizes?.reduce((sum, size) => sum + size, 0),
    restoredAt: restoredAt.length > 0 ? Math.max(...restoredAt) : undefined,
  })
}

/** Why a snapshot failed, or what it waits for, in the cluster's own words. Conditions of snapshots put the sentence into `reason`. */
export function snapshotMessage(status: VirtualMachineSnapshot['status']): string | undefined {
  if (status?.error?.message) return status.error.message
  if (!status || status.readyToUse) return undefined
  const failure = status.conditions?.find(({ type, status: value }) => type === 'Failure' && value === 'True')
  const told = failure ?? status.conditions?.find(({ type }) => type === 'Progressing')
  return told?.message || told?.reason || undefined
}

export type VolumeObjects = {
  pvc?: PersistentVolumeClaim | undefined
  dataVolume?: DataVolume | undefined
  /** Names of the VirtualMachines that use it. */
  vms?: readonly string[] | undefined
}

/** A volume's row. Needs the claim, or the DataVolume that has none yet. */
export function projectVolumeRow({ pvc, dataVolume, vms }: VolumeObjects): VolumeRow {
  // A DataVolume is there before its claim: whoever looks at it keeps the same row.
  const owner = dataVolume ?? pvc
  if (!owner) throw new TypeError('projectVolumeRow needs a PersistentVolumeClaim or a DataVolume')
  const { metadata } = owner
  const asked = dataVolume?.spec.storage ?? dataVolume?.spec.pvc
  const filling = dataVolume && dataVolume.status?.phase !== 'Succeeded' ? dataVolume.status : undefined
  return compact<VolumeRow>({
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    createdAt: epochSeconds(metadata.creationTimestamp) ?? 0,
    phase: metadata.deletionTimestamp ? 'Terminating' : (filling?.phase ?? pvc?.status?.phase ?? dataVolume?.status?.phase) || 'Pending',
    progress: filling ? percentOf(filling.progress) : undefined,
    message: filling ? volumeMessage(filling) : undefined,
    sizeBytes:
      parseQuantity(pvc?.status?.capacity?.['storage']) ??
      parseQuantity(pvc?.spec?.resources?.requests?.['storage']) ??
      parseQuantity(asked?.resources?.requests?.['storage']),
    storageClass: pvc?.spec?.storageClassName ?? asked?.storageClassName,
    accessModes: pvc?.spec?.accessModes ?? asked?.accessModes,
    volumeMode: pvc?.spec?.volumeMode ?? asked?.volumeMode,
    source: dataVolume && (dataVolume.spec.sourceRef?.kind ?? Object.keys(dataVolume.spec.source ?? {})[0]),
    vms: vms?.length ? [...vms] : undefined,
    owner: dataVolume?.metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachine')?.name,
    unclaimed: pvc ? undefined : true,
  })
}

/** CDI tells of a failure in the condition of what does not run, or is not bound. */
function volumeMessage({ conditions }: NonNullable<DataVolume['status']>): string | undefined {
  const told =
    conditions?.find(({ type, status, message }) => type === 'Running' && status === 'False' && message) ??
    conditions?.find(({ type, status, message }) => type === 'Bound' && status === 'False' && message)
  return told?.message ? shorten(told.message) : undefined
}

function present<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V }
}
