// What virt-controller tells about VMs, VMIs and migrations as objects.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/monitoring/metrics/virt-controller/vmstats_collector.go
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/monitoring/metrics/virt-controller/vmistats_collector.go
import type { PersistentVolumeClaim, Pod, VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { isTrue, migrations, pvcs, vmis } from '../controllers/objects.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import type { Storage } from '../storage/storage.ts'
import type { Family, Piece } from './family.ts'
import { pickLabels, type Labels } from './labels.ts'
import type { Lives, StatusSince, VmHistory } from './lives.ts'

const target: Labels = {
  container: 'virt-controller',
  endpoint: 'metrics',
  instance: '10.244.1.7:8443',
  job: 'kubevirt-prometheus-metrics',
  pod: 'virt-controller-6c6b9d7d9-8wq5x',
  service: 'kubevirt-prometheus-metrics',
}
/** A series by its own labels, which come in the same order for all of a metric; empty ones are as good as none. */
const series = (name: string, own: Labels) => ({
  key: Object.values(own).join('\n'),
  labels: { ...target, ...pickLabels(own, () => true), __name__: name },
})

const statusGroups: Record<string, readonly string[]> = {
  starting: ['Provisioning', 'Starting', 'WaitingForVolumeBinding'],
  running: ['Running'],
  migrating: ['Migrating'],
  non_running: ['Stopped', 'Paused', 'Stopping', 'Terminating'],
  error: ['CrashLoopBackOff', 'Unknown', 'ErrorUnschedulable', 'ErrImagePull', 'ImagePullBackOff', 'ErrorPvcNotFound', 'DataVolumeError'],
}
const groupOf = (status: string) => Object.keys(statusGroups).find((group) => statusGroups[group]?.includes(status)) ?? '<unknown>'

const ms = (text: unknown) => Date.parse(String(text))

/** A VM's states one after the other, each until the next. */
function* spansOf({ statuses, deletedMs }: VmHistory): Iterable<StatusSince & { untilMs: number | undefined }> {
  for (const [i, since] of statuses.entries()) yield { ...since, untilMs: statuses[i + 1]?.fromMs ?? deletedMs }
}

function annotated(annotations: Record<string, string> = {}): Labels {
  const of = (key: string) => annotations[`vm.kubevirt.io/${key}`] ?? ''
  return { os: of('os'), workload: of('workload'), flavor: of('flavor') }
}

export function inventoryFamilies({ lives, storage }: { lives: Lives; storage: Storage }): Family[] {
  const gauge = (name: string, help: string, pieces: (name: string) => Iterable<Piece>): Family => ({
    name,
    help,
    type: 'gauge',
    pieces: () => pieces(name),
  })

  /** Something that holds for every VM as long as it is there. */
  const perVm = (name: string, help: string, values: (vm: VirtualMachine) => Iterable<[extra: Labels, value: number]>): Family =>
    gauge(name, help, function* () {
      for (const { vm, statuses, deletedMs } of lives.vms()) {
        const own = { name: vm.metadata.name, namespace: vm.metadata.namespace ?? '' }
        for (const [extra, value] of values(vm)) {
          yield { ...series(name, { ...own, ...extra }), fromMs: statuses[0]?.fromMs ?? 0, untilMs: deletedMs, at: () => value }
        }
      }
    })

  const transition = (group: string): Family => ({
    ...gauge(
      `kubevirt_vm_${group}_status_last_transition_timestamp_seconds`,
      `Virtual Machine last transition timestamp to ${group === 'non_running' ? 'paused/stopped' : group} status.`,
      function* (name) {
        for (const history of lives.vms()) {
          const { name: vmName, namespace = '' } = history.vm.metadata
          for (const { status, fromMs, untilMs } of spansOf(history)) {
            const value = groupOf(status) === group ? Math.floor(fromMs / 1000) : 0
            yield { ...series(name, { name: vmName, namespace }), fromMs, untilMs, at: () => value }
          }
        }
      },
    ),
    type: 'counter',
  })

  function* vmInfo(name: string): Iterable<Piece> {
    for (const history of lives.vms()) {
      const { metadata, spec } = history.vm
      for (const { status, fromMs, untilMs } of spansOf(history)) {
        const labels = {
          name: metadata.name,
          namespace: metadata.namespace ?? '',
          ...annotated((spec.template.metadata as { annotations?: Record<string, string> } | undefined)?.annotations),
          machine_type: spec.template.spec?.domain?.machine?.type ?? '',
          instance_type: spec.instancetype?.name ?? '',
          preference: spec.preference?.name ?? '',
          status: status.toLowerCase(),
          status_group: groupOf(status),
        }
        yield { ...series(name, labels), fromMs, untilMs, at: () => 1 }
      }
    }
  }

  /** Every VMI that is there, and those that ran and are gone. */
  function* knownVmis(): Iterable<{ vmi: VirtualMachineInstance; untilMs?: number | undefined }> {
    for (const { vmi, endedMs } of lives.all()) {
      if (endedMs !== undefined && storage.get(vmis, vmi.metadata.namespace, vmi.metadata.name)?.metadata.uid !== vmi.metadata.uid)
        yield { vmi, untilMs: endedMs }
    }
    for (const vmi of storage.list(vmis)) yield { vmi: vmi as unknown as VirtualMachineInstance }
  }

  const isEvictable = (vmi: VirtualMachineInstance) => vmi.spec?.evictionStrategy !== 'LiveMigrate' || isTrue(vmi, 'LiveMigratable')

  function* vmiInfo(name: string): Iterable<Piece> {
    const podsByVmi = new Map<string, Pod[]>()
    for (const stored of storage.list('pods')) {
      const uid = stored.metadata.labels?.['kubevirt.io/created-by']
      if (uid !== undefined) podsByVmi.set(uid, [...(podsByVmi.get(uid) ?? []), stored as unknown as Pod])
    }
    for (const { vmi, untilMs } of knownVmis()) {
      const { status = {}, metadata } = vmi
      const { annotations = {} } = metadata
      const pod = podsByVmi
        .get(metadata.uid)
        ?.find((candidate) => candidate.spec?.nodeName === status.nodeName && candidate.status?.phase === 'Running')
      const labels = {
        node: status.nodeName ?? '',
        namespace: metadata.namespace ?? '',
        name: metadata.name,
        ...annotated(annotations),
        instance_type: annotations['kubevirt.io/cluster-instancetype-name'] ?? annotations['kubevirt.io/instancetype-name'] ?? '',
        preference: annotations['kubevirt.io/cluster-preference-name'] ?? annotations['kubevirt.io/preference-name'] ?? '',
        guest_os_kernel_release: status.guestOSInfo?.kernelRelease ?? '',
        guest_os_machine: status.machine?.type ?? '',
        guest_os_arch: status.guestOSInfo?.machine ?? '',
        guest_os_name: status.guestOSInfo?.name ?? '',
        guest_os_version_id: status.guestOSInfo?.versionId ?? '',
        evictable: String(isEvictable(vmi)),
        outdated: String(metadata.labels?.['kubevirt.io/outdatedLauncherImage'] !== undefined),
        vmi_pod: pod?.metadata.name ?? '',
      }
      const phases = status.phaseTransitionTimestamps ?? []
      for (const [i, { phase, phaseTransitionTimestamp }] of phases.entries()) {
        const next = phases[i + 1]
        const ends = next ? ms(next.phaseTransitionTimestamp) : untilMs
        yield {
          ...series(name, { ...labels, phase: (phase ?? '').toLowerCase() }),
          fromMs: ms(phaseTransitionTimestamp),
          untilMs: ends,
          at: () => 1,
        }
      }
    }
  }

  function* perPresentVmi(
    name: string,
    values: (vmi: VirtualMachineInstance) => Iterable<[extra: Labels, value: number, fromMs?: number]>,
  ): Iterable<Piece> {
    for (const { vmi, untilMs } of knownVmis()) {
      const own = { node: vmi.status?.nodeName ?? '', namespace: vmi.metadata.namespace ?? '', name: vmi.metadata.name }
      for (const [extra, value, fromMs] of values(vmi))
        yield { ...series(name, { ...own, ...extra }), fromMs: fromMs ?? ms(vmi.metadata.creationTimestamp), untilMs, at: () => value }
    }
  }
  const perVmi = (name: string, help: string, values: Parameters<typeof perPresentVmi>[1]): Family =>
    gauge(name, help, () => perPresentVmi(name, values))

  const migrationName = (vmi: VirtualMachineInstance) =>
    storage.list(migrations, vmi.metadata.namespace).find(({ metadata }) => metadata.uid === vmi.status?.migrationState?.migrationUid)
      ?.metadata.name ?? ''

  /** Migrations in a phase, counted at every moment from the times of their transitions. */
  const migrationsIn = (name: string, help: string, phases: readonly string[]): Family =>
    gauge(name, help, () => {
      const spans = storage.list(migrations).flatMap((stored) => {
        const transitions = (stored as unknown as VirtualMachineInstanceMigration).status?.phaseTransitionTimestamps ?? []
        return transitions.flatMap(({ phase = '', phaseTransitionTimestamp }, i) =>
          phases.includes(phase)
            ? [
                {
                  fromMs: ms(phaseTransitionTimestamp),
                  untilMs: transitions[i + 1] ? ms(transitions[i + 1]?.phaseTransitionTimestamp) : Infinity,
                },
              ]
            : [],
        )
      })
      return [{ ...series(name, {}), fromMs: 0, at: (t) => spans.filter(({ fromMs, untilMs }) => fromMs <= t && t < untilMs).length }]
    })
  const finished = (name: string, help: string, phase: string): Family =>
    gauge(name, help, function* () {
      for (const stored of storage.list(migrations)) {
        const { metadata, spec, status } = stored as unknown as VirtualMachineInstanceMigration
        if (status?.phase !== phase) continue
        const fromMs = ms(status.phaseTransitionTimestamps?.at(-1)?.phaseTransitionTimestamp ?? metadata.creationTimestamp)
        yield {
          ...series(name, { vmi: spec?.vmiName ?? '', vmim: metadata.name, namespace: metadata.namespace ?? '' }),
          fromMs,
          at: () => 1,
        }
      }
    })

  return [
    gauge('kubevirt_vm_info', 'Information about Virtual Machines.', vmInfo),
    ...Object.keys(statusGroups).map(transition),
    perVm('kubevirt_vm_create_date_timestamp_seconds', 'Virtual Machine creation timestamp.', (vm) => [
      [{}, ms(vm.metadata.creationTimestamp) / 1000],
    ]),
    perVm('kubevirt_vm_resource_requests', 'Resources requested by Virtual Machine. Reports memory and CPU requests.', requestsOf),
    perVm(
      'kubevirt_vm_disk_allocated_size_bytes',
      'Allocated disk size of a Virtual Machine in bytes, based on its PersistentVolumeClaim.',
      (vm) => disksOf(storage, vm),
    ),
    gauge('kubevirt_vmi_info', 'Information about VirtualMachineInstances.', vmiInfo),
    perVmi(
      'kubevirt_vmi_non_evictable',
      'Indication for a VirtualMachine that its eviction strategy is set to Live Migration but is not migratable.',
      (vmi) => [[{}, isEvictable(vmi) ? 0 : 1]],
    ),
    perVmi('kubevirt_vmi_status_addresses', 'The addresses of a VirtualMachineInstance.', (vmi) =>
      (vmi.status?.interfaces ?? []).flatMap((nic) =>
        nic.ipAddress
          ? [
              [{ vnic_name: nic.name ?? '', interface_name: nic.interfaceName ?? '', address: nic.ipAddress, type: 'InternalIP' }, 1] as [
                Labels,
                number,
              ],
            ]
          : [],
      ),
    ),
    perVmi('kubevirt_vmi_migration_start_time_seconds', 'The time at which the migration started.', (vmi) => {
      const started = vmi.status?.migrationState?.startTimestamp
      return started ? [[{ migration_name: migrationName(vmi) }, ms(started) / 1000, ms(started)]] : []
    }),
    perVmi('kubevirt_vmi_migration_end_time_seconds', 'The time at which the migration ended.', (vmi) => {
      const { endTimestamp, failed } = vmi.status?.migrationState ?? {}
      return endTimestamp
        ? [[{ migration_name: migrationName(vmi), status: failed ? 'failed' : 'succeeded' }, ms(endTimestamp) / 1000, ms(endTimestamp)]]
        : []
    }),
    migrationsIn('kubevirt_vmi_migrations_in_pending_phase', 'Number of current pending migrations.', ['Pending']),
    migrationsIn('kubevirt_vmi_migrations_in_scheduling_phase', 'Number of current scheduling migrations.', ['Scheduling']),
    migrationsIn('kubevirt_vmi_migrations_in_running_phase', 'Number of current running migrations.', [
      'Scheduled',
      'PreparingTarget',
      'TargetReady',
      'Running',
    ]),
    finished('kubevirt_vmi_migration_succeeded', 'Indicates if the VMI migration succeeded.', 'Succeeded'),
    finished('kubevirt_vmi_migration_failed', 'Indicates if the VMI migration failed.', 'Failed'),
  ]
}

function* requestsOf(vm: VirtualMachine): Iterable<[Labels, number]> {
  const { cpu, memory, resources } = vm.spec.template.spec?.domain ?? {}
  const requests = resources?.requests as Record<string, string> | undefined
  const amounts = [
    ['memory', 'bytes', 'domain', parseQuantity(requests?.['memory'])],
    ['memory', 'bytes', 'guest', parseQuantity(memory?.guest as string | undefined)],
    ['cpu', 'cores', 'domain', cpu?.cores],
    ['cpu', 'threads', 'domain', cpu?.threads],
    ['cpu', 'sockets', 'domain', cpu?.sockets],
    ['cpu', 'cores', 'requests', parseQuantity(requests?.['cpu'])],
  ] as const
  for (const [resource, unit, source, amount] of amounts) if (amount) yield [{ resource, unit, source }, amount]
}

function* disksOf(storage: Storage, vm: VirtualMachine): Iterable<[Labels, number]> {
  for (const volume of vm.spec.template.spec?.volumes ?? []) {
    const claim = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name
    const pvc = claim ? (storage.get(pvcs, vm.metadata.namespace, claim) as unknown as PersistentVolumeClaim | undefined) : undefined
    const size = parseQuantity((pvc?.spec?.resources?.requests as Record<string, string> | undefined)?.storage)
    if (pvc && size !== undefined)
      yield [{ persistentvolumeclaim: pvc.metadata.name, volume_mode: pvc.spec?.volumeMode ?? '', device: volume.name }, size]
  }
}
