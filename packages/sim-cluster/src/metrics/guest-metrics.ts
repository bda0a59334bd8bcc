// What virt-handler tells about running domains: processor, memory, disks, network, and memory on its way to another node.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/docs/observability/metrics.md
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { migrationMs } from '../controllers/delays.ts'
import { migrations, vmis } from '../controllers/objects.ts'
import { createRandom, hashOf } from '../controllers/random.ts'
import { currentSizeOf } from '../controllers/vmi-spec.ts'
import type { Storage } from '../storage/storage.ts'
import type { Family, Piece } from './family.ts'
import type { Labels } from './labels.ts'
import { activeSpans, type Life, type Lives, type Stay } from './lives.ts'
import { createSignal, fraction, loadOf, type Load, type Signal } from './load.ts'

const bootSeconds = 45

/** One domain as the formulas see it: a guest during one of its stays. */
export type Domain = {
  life: Life
  stay: Stay
  load: Load
  cpus: number
  memoryBytes: number
  key: string
  labels: Labels
  /** The same with a metric's name, kept for the next query. */
  named(metric: string): Labels
}

/** The labels that a scrape of virt-handler adds; what it says of VMs keeps its own namespace. */
export function handlerTarget(node: string): Labels {
  const hash = hashOf(`virt-handler ${node}`)
  return {
    container: 'virt-handler',
    endpoint: 'metrics',
    instance: `10.244.${hash % 250}.${2 + ((hash >>> 8) % 250)}:8443`,
    job: 'kubevirt-prometheus-metrics',
    pod: `virt-handler-${createRandom(hash).suffix()}`,
    service: 'kubevirt-prometheus-metrics',
  }
}

/** Of every stay; those of one VM share its habits. */
export function createDomains(lives: Lives, seed: number) {
  const loads = new Map<string, Load>()
  const known = new WeakMap<Stay, { vmi: VirtualMachineInstance; domain: Domain }>()
  const targets = new Map<string, Labels>()
  const targetOf = (node: string) => {
    let target = targets.get(node)
    if (!target) targets.set(node, (target = handlerTarget(node)))
    return target
  }
  const domainOf = (life: Life, stay: Stay): Domain => {
    const found = known.get(stay)
    if (found?.vmi === life.vmi) return found.domain
    const { namespace = '', name, labels: ownLabels = {} } = life.vmi.metadata
    const id = `${namespace}/${name}`
    let load = loads.get(id)
    if (!load) loads.set(id, (load = loadOf(seed, namespace, name)))
    const own = Object.entries({ ...ownLabels, 'kubevirt.io/nodeName': stay.node }).map(([label, value]) => [
      `kubernetes_vmi_label_${label.replace(/[./-]/g, '_')}`,
      value,
    ])
    const labels: Labels = { ...targetOf(stay.node), ...Object.fromEntries(own), namespace, name, node: stay.node }
    const named = new Map<string, Labels>()
    const domain = {
      life,
      stay,
      load,
      ...currentSizeOf(life.vmi),
      key: `${id} ${stay.node}`,
      labels,
      named(metric: string) {
        let found = named.get(metric)
        if (!found) named.set(metric, (found = { ...labels, __name__: metric }))
        return found
      },
    }
    known.set(stay, { vmi: life.vmi, domain })
    return domain
  }
  return {
    of: domainOf,
    *all() {
      for (const life of lives.all()) for (const stay of life.stays) yield domainOf(life, stay)
    },
  }
}
export type Domains = ReturnType<typeof createDomains>

const integralOf = (signal: Signal, { life, stay }: Domain, timeMs: number): number =>
  activeSpans(life, stay.fromMs, timeMs).reduce((sum, [fromMs, untilMs]) => sum + signal.integral(fromMs, untilMs), 0)
const activeSeconds = ({ life, stay }: Domain, timeMs: number): number =>
  activeSpans(life, stay.fromMs, timeMs).reduce((sum, [fromMs, untilMs]) => sum + (untilMs - fromMs), 0) / 1000

/** Seconds that one vCPU has worked since its QEMU process began: the habits, and the boot where this is where it booted. */
function vcpuSeconds(domain: Domain, timeMs: number): number {
  const boots = domain.life.stays[0] === domain.stay
  const boot = boots ? 0.1 * bootSeconds * (1 - Math.exp(-activeSeconds(domain, timeMs) / bootSeconds)) : 0
  return integralOf(domain.load('cpu'), domain, timeMs) + boot
}
/** All of its vCPUs, and QEMU's own work. */
export const cpuSeconds = (domain: Domain, timeMs: number): number => domain.cpus * vcpuSeconds(domain, timeMs) * 1.03

/** What the guest's kernel says of its memory: all of it, free, cached, and what applications hold. */
export function memoryAt({ life, load, memoryBytes }: Domain, timeMs: number) {
  const available = memoryBytes * 0.97 - 24 * 2 ** 20
  const warm = 1 - 0.7 * Math.exp(-(timeMs - life.bornMs) / 90_000)
  const held = available * Math.min(0.93, load('memory').at(timeMs) * warm)
  const cached = (available - held) * 0.55 * warm
  const unused = available - held - cached
  return { available, cached, unused, usable: unused + 0.86 * cached, resident: Math.min(memoryBytes, held + cached + 180 * 2 ** 20) }
}

type Extra = Record<string, string>
const noExtra: Extra = {}
type PerDomain = (domain: Domain) => Iterable<[extra: Extra, at: (timeMs: number) => number]>

/** Drives and NICs are called by what they are called in the VMI. */
const drivesOf = ({ life }: Domain): { name: string; weight: number }[] =>
  (life.vmi.spec?.domain?.devices?.disks ?? []).map((disk, i) => {
    const volume = life.vmi.spec?.volumes?.find(({ name }) => name === disk.name)
    const isSeed = volume?.cloudInitNoCloud ?? volume?.cloudInitConfigDrive ?? volume?.sysprep
    return { name: disk.name, weight: isSeed ? 0.0005 : i === 0 ? 1 : 0.3 }
  })
const nicsOf = ({ life }: Domain): { name: string; weight: number }[] =>
  (life.vmi.spec?.domain?.devices?.interfaces ?? []).map(({ name }, i) => ({ name, weight: i === 0 ? 1 : 0.4 }))

const whole = (value: number) => Math.floor(value)
const perDrive =
  (signal: 'reads' | 'writes', factor = 1, round = whole): PerDomain =>
  (domain) =>
    drivesOf(domain).map(({ name, weight }) => [
      { drive: name },
      (t) => round(factor * weight * integralOf(domain.load(signal), domain, t)),
    ])
const perNic =
  (signal: 'received' | 'sent', factor = 1): PerDomain =>
  (domain) =>
    nicsOf(domain).map(({ name, weight }) => [
      { interface: name },
      (t) => whole(factor * weight * integralOf(domain.load(signal), domain, t)),
    ])
const perVcpu =
  (at: (domain: Domain, timeMs: number, vcpu: number) => number, extra: Extra = {}): PerDomain =>
  (domain) =>
    Array.from({ length: domain.cpus }, (_, vcpu) => [{ id: String(vcpu), ...extra }, (t: number) => at(domain, t, vcpu)])
const single =
  (at: (domain: Domain, timeMs: number) => number): PerDomain =>
  (domain) => [[noExtra, (t) => at(domain, t)]]

const readBytes = 18_432
const writeBytes = 11_264
const packetBytes = 780
const bytes = (value: number) => Math.round(value / 1024) * 1024

/** The first vCPU does more of the work; together they do all of it. */
const vcpuShare = ({ cpus }: Domain, vcpu: number) => (cpus === 1 ? 1 : 1 + (vcpu === 0 ? 0.2 : -0.2 / (cpus - 1)))

const perDomain: [name: string, type: Family['type'], help: string, values: PerDomain][] = [
  [
    'kubevirt_vmi_cpu_usage_seconds_total',
    'counter',
    'Total CPU time spent in all modes (sum of both vcpu and hypervisor usage).',
    single(cpuSeconds),
  ],
  ['kubevirt_vmi_cpu_user_usage_seconds_total', 'counter', 'Total CPU time spent in user mode.', single((d, t) => 0.07 * cpuSeconds(d, t))],
  [
    'kubevirt_vmi_cpu_system_usage_seconds_total',
    'counter',
    'Total CPU time spent in system mode.',
    single((d, t) => 0.11 * cpuSeconds(d, t)),
  ],
  [
    'kubevirt_vmi_vcpu_seconds_total',
    'counter',
    'Total amount of time spent in each state by each vcpu (cpu_time excluding hypervisor time).',
    perVcpu((d, t, i) => vcpuShare(d, i) * vcpuSeconds(d, t), { state: 'running' }),
  ],
  [
    'kubevirt_vmi_vcpu_wait_seconds_total',
    'counter',
    'Amount of time spent by each vcpu while waiting on I/O.',
    perVcpu((d, t) => (0.004 * integralOf(d.load('writes'), d, t)) / d.cpus),
  ],
  [
    'kubevirt_vmi_vcpu_delay_seconds_total',
    'counter',
    'Amount of time spent by each vcpu waiting in the queue instead of running.',
    perVcpu((d, t, i) => 0.015 * vcpuShare(d, i) * vcpuSeconds(d, t)),
  ],

  ['kubevirt_vmi_memory_domain_bytes', 'gauge', 'The amount of memory in bytes allocated to the domain.', single((d) => d.memoryBytes)],
  ['kubevirt_vmi_memory_actual_balloon_bytes', 'gauge', 'Current balloon size in bytes.', single((d) => d.memoryBytes)],
  [
    'kubevirt_vmi_memory_available_bytes',
    'gauge',
    'Amount of usable memory as seen by the domain.',
    single((d, t) => bytes(memoryAt(d, t).available)),
  ],
  [
    'kubevirt_vmi_memory_unused_bytes',
    'gauge',
    'The amount of memory left completely unused by the system.',
    single((d, t) => bytes(memoryAt(d, t).unused)),
  ],
  [
    'kubevirt_vmi_memory_cached_bytes',
    'gauge',
    'The amount of memory that is being used to cache I/O and is available to be reclaimed.',
    single((d, t) => bytes(memoryAt(d, t).cached)),
  ],
  [
    'kubevirt_vmi_memory_usable_bytes',
    'gauge',
    'The amount of memory which can be reclaimed by balloon without pushing the guest system to swap.',
    single((d, t) => bytes(memoryAt(d, t).usable)),
  ],
  [
    'kubevirt_vmi_memory_resident_bytes',
    'gauge',
    'Resident set size of the process running the domain.',
    single((d, t) => bytes(memoryAt(d, t).resident)),
  ],
  [
    'kubevirt_vmi_memory_swap_in_traffic_bytes',
    'gauge',
    'The total amount of data read from swap space of the guest in bytes.',
    single(() => 0),
  ],
  [
    'kubevirt_vmi_memory_swap_out_traffic_bytes',
    'gauge',
    'The total amount of memory written out to swap space of the guest in bytes.',
    single(() => 0),
  ],
  [
    'kubevirt_vmi_memory_pgmajfault_total',
    'counter',
    'The number of page faults when disk IO was required.',
    single((d, t) => whole(0.02 * integralOf(d.load('reads'), d, t))),
  ],
  [
    'kubevirt_vmi_memory_pgminfault_total',
    'counter',
    'The number of other page faults, when disk IO was not required.',
    single((d, t) => whole(1900 * vcpuSeconds(d, t))),
  ],

  ['kubevirt_vmi_storage_iops_read_total', 'counter', 'Total number of I/O read operations.', perDrive('reads')],
  ['kubevirt_vmi_storage_iops_write_total', 'counter', 'Total number of I/O write operations.', perDrive('writes')],
  ['kubevirt_vmi_storage_read_traffic_bytes_total', 'counter', 'Total number of bytes read from storage.', perDrive('reads', readBytes)],
  ['kubevirt_vmi_storage_write_traffic_bytes_total', 'counter', 'Total number of written bytes.', perDrive('writes', writeBytes)],
  ['kubevirt_vmi_storage_read_times_seconds_total', 'counter', 'Total time spent on read operations.', perDrive('reads', 0.0006, Number)],
  [
    'kubevirt_vmi_storage_write_times_seconds_total',
    'counter',
    'Total time spent on write operations.',
    perDrive('writes', 0.0011, Number),
  ],
  ['kubevirt_vmi_storage_flush_requests_total', 'counter', 'Total storage flush requests.', perDrive('writes', 0.12)],
  ['kubevirt_vmi_storage_flush_times_seconds_total', 'counter', 'Total time spent on cache flushing.', perDrive('writes', 0.0003, Number)],

  ['kubevirt_vmi_network_receive_bytes_total', 'counter', 'Total network traffic received in bytes.', perNic('received')],
  ['kubevirt_vmi_network_transmit_bytes_total', 'counter', 'Total network traffic transmitted in bytes.', perNic('sent')],
  ['kubevirt_vmi_network_receive_packets_total', 'counter', 'Total network traffic received packets.', perNic('received', 1 / packetBytes)],
  ['kubevirt_vmi_network_transmit_packets_total', 'counter', 'Total network traffic transmitted packets.', perNic('sent', 1 / packetBytes)],
  ['kubevirt_vmi_network_receive_errors_total', 'counter', 'Total network received error packets.', perNic('received', 0)],
  ['kubevirt_vmi_network_transmit_errors_total', 'counter', 'Total network transmitted error packets.', perNic('sent', 0)],
  [
    'kubevirt_vmi_network_receive_packets_dropped_total',
    'counter',
    'The total number of rx packets dropped on vNIC interfaces.',
    perNic('received', 1e-6 / packetBytes),
  ],
  [
    'kubevirt_vmi_network_transmit_packets_dropped_total',
    'counter',
    'The total number of tx packets dropped on vNIC interfaces.',
    perNic('sent', 0),
  ],
]

export function guestFamilies(domains: Domains, storage: Storage): Family[] {
  const families: Family[] = perDomain.map(([name, type, help, values]) => ({
    name,
    type,
    help,
    *pieces() {
      for (const domain of domains.all()) {
        for (const [extra, at] of values(domain)) {
          yield {
            key: extra === noExtra ? domain.key : `${domain.key} ${Object.values(extra).join(' ')}`,
            labels: extra === noExtra ? domain.named(name) : { ...domain.labels, ...extra, __name__: name },
            fromMs: domain.stay.fromMs,
            untilMs: domain.stay.untilMs,
            at,
          }
        }
      }
    },
  }))
  return [...families, ...migrationFamilies(storage)]
}

/** The memory that a migration has sent and has to send, in bytes, so long after its beginning. */
function progressOf(memoryBytes: number, elapsedMs: number) {
  const share = Math.min(1, elapsedMs / migrationMs(memoryBytes))
  // A guest that writes faster than the network carries never gets below a rest.
  const remaining = Math.max(memoryBytes * (1 - share), memoryBytes * 0.03)
  return {
    remaining: bytes(remaining),
    processed: bytes(memoryBytes * share + memoryBytes * 0.04 * (elapsedMs / migrationMs(memoryBytes))),
  }
}

function migrationFamilies(storage: Storage): Family[] {
  const during = (
    name: string,
    help: string,
    type: Family['type'],
    value: (memoryBytes: number, elapsedMs: number, id: string) => number,
  ): Family => ({
    name,
    help,
    type,
    ownIntervalMs: 5000,
    *pieces(): Iterable<Piece> {
      for (const stored of storage.list(migrations)) {
        const migration = stored as unknown as VirtualMachineInstanceMigration
        const { namespace = '' } = migration.metadata
        const vmi = storage.get(vmis, namespace, migration.spec?.vmiName ?? '') as VirtualMachineInstance | undefined
        const state = migration.status?.migrationState ?? vmi?.status?.migrationState
        if (!vmi || !state?.startTimestamp || state.migrationUid !== migration.metadata.uid || !state.sourceNode) continue
        const fromMs = Date.parse(String(state.startTimestamp))
        const untilMs = state.endTimestamp ? Date.parse(String(state.endTimestamp)) : undefined
        const { memoryBytes } = currentSizeOf(vmi)
        const labels = { ...handlerTarget(state.sourceNode), namespace, name: vmi.metadata.name, node: state.sourceNode, __name__: name }
        yield {
          key: `${namespace}/${vmi.metadata.name} ${state.sourceNode}`,
          labels,
          fromMs,
          untilMs,
          at: (t) => value(memoryBytes, t - fromMs, `${namespace}/${vmi.metadata.name}`),
        }
      }
    },
  })
  return [
    during(
      'kubevirt_vmi_migration_data_total_bytes',
      'The total Guest OS data to be migrated to the new VM.',
      'counter',
      (memory) => memory,
    ),
    during(
      'kubevirt_vmi_migration_data_remaining_bytes',
      'The remaining guest OS data to be migrated to the new VM.',
      'gauge',
      (memory, ms) => progressOf(memory, ms).remaining,
    ),
    during(
      'kubevirt_vmi_migration_data_processed_bytes',
      'The total Guest OS data processed and migrated to the new VM.',
      'gauge',
      (memory, ms) => progressOf(memory, ms).processed,
    ),
    during('kubevirt_vmi_migration_dirty_memory_rate_bytes', 'The rate of memory being dirty in the Guest OS.', 'gauge', (_, ms, id) =>
      bytes(createSignal(`${id} dirty`, 2 ** 20 * (4 + 60 * fraction(`${id} dirty`))).at(ms)),
    ),
    during('kubevirt_vmi_migration_disk_transfer_rate_bytes', 'The rate at which the memory is being transferred.', 'gauge', (memory) =>
      bytes((memory / migrationMs(memory)) * 1000),
    ),
  ]
}
