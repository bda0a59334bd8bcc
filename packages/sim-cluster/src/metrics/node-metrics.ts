// What node-exporter tells about the nodes, as the sum of the guests that run there and of what a node does by itself.
import type { Node } from '@virtdeck/k8s'
import { parseQuantity } from '../controllers/quantity.ts'
import type { Family } from './family.ts'
import { cpuSeconds, handlerTarget, memoryAt, type Domain, type Domains } from './guest-metrics.ts'
import type { Labels } from './labels.ts'
import type { Lives } from './lives.ts'
import { createSignal, fraction, type Habit } from './load.ts'

const gib = 2 ** 30

type Machine = {
  name: string
  labels: Labels
  bornMs: number
  cores: number
  memoryBytes: number
  diskBytes: number
  node: Node
  domains: readonly Domain[]
}
type Extra = Record<string, string>

/** As kube-prometheus scrapes node-exporter: the instance is the node's name. */
const targetOf = (name: string): Labels => ({
  container: 'kube-rbac-proxy',
  endpoint: 'https',
  instance: name,
  job: 'node-exporter',
  namespace: 'monitoring',
  pod: `node-exporter-${handlerTarget(name)['pod']?.slice(-5)}`,
  service: 'node-exporter',
})

/** The node's own: kubelet, network, storage daemons. A part of one core, and a few GiB. */
const ownCpu = (machine: Machine) => createSignal(`${machine.name} own`, Math.min(0.9, 0.02 * machine.cores))
const ownMemoryBytes = (machine: Machine) => Math.min(4 * gib, 0.04 * machine.memoryBytes)

const guestsNow = ({ domains }: Machine, timeMs: number) =>
  domains.filter(({ stay }) => stay.fromMs <= timeMs && (stay.untilMs === undefined || timeMs < stay.untilMs))

/** Seconds that a node's cores have worked since it started. */
function busySeconds(machine: Machine, timeMs: number): number {
  const guests = machine.domains.reduce((sum, domain) => {
    const untilMs = Math.min(timeMs, domain.stay.untilMs ?? timeMs)
    return untilMs > domain.stay.fromMs ? sum + cpuSeconds(domain, untilMs) : sum
  }, 0)
  return guests + ownCpu(machine).integral(machine.bornMs, timeMs)
}

/** How the busy time divides over what node-exporter calls modes; what is left is idle. */
const busyModes = { system: 0.21, user: 0.72, iowait: 0.03, softirq: 0.03, irq: 0, nice: 0, steal: 0 } as const

/** One value per node and moment, for all the series that are made of it. */
function remembered(compute: (machine: Machine, timeMs: number) => number): (machine: Machine, timeMs: number) => number {
  const known = new WeakMap<Machine, Map<number, number>>()
  return (machine, timeMs) => {
    let values = known.get(machine)
    if (!values) known.set(machine, (values = new Map()))
    let value = values.get(timeMs)
    if (value === undefined) values.set(timeMs, (value = compute(machine, timeMs)))
    return value
  }
}

const cpuValues = (busy: (machine: Machine, timeMs: number) => number) =>
  function* (machine: Machine): Iterable<[Extra, (timeMs: number) => number]> {
    for (let core = 0; core < machine.cores; core += 1) {
      const cpu = String(core)
      for (const [mode, share] of Object.entries(busyModes)) yield [{ cpu, mode }, (t) => (share * busy(machine, t)) / machine.cores]
      const idle = (t: number) => Math.max(0, (t - machine.bornMs) / 1000 - (0.99 * busy(machine, t)) / machine.cores)
      yield [{ cpu, mode: 'idle' }, idle]
    }
  }

const usedMemory = (machine: Machine, timeMs: number) =>
  Math.min(
    0.985 * machine.memoryBytes,
    guestsNow(machine, timeMs).reduce((sum, domain) => sum + memoryAt(domain, timeMs).resident, ownMemoryBytes(machine)),
  )

const single =
  (at: (machine: Machine, timeMs: number) => number, extra: Extra = {}) =>
  (machine: Machine): [Extra, (timeMs: number) => number][] => [[extra, (t) => at(machine, t)]]

/** What all guests did since the node started, and what it did by itself, by its own habit. */
const done =
  (habit: Habit, own: number, factor = 1) =>
  (machine: Machine, timeMs: number) => {
    const guests = machine.domains.reduce(
      (sum, { load, stay }) => sum + load(habit).integral(stay.fromMs, Math.min(timeMs, stay.untilMs ?? timeMs)),
      0,
    )
    return Math.floor(factor * (createSignal(`${machine.name} ${habit}`, own).integral(machine.bornMs, timeMs) + guests))
  }
/** Bytes of all NICs. */
const traffic = (direction: 'received' | 'sent') => done(direction, 250_000)
/** Of all disks, or with the size of one their bytes. */
const operations = (direction: 'reads' | 'writes', sizeBytes?: number) => done(direction, 12, sizeBytes)

export function nodeFamilies({ lives, domains }: { lives: Lives; domains: Domains }): Family[] {
  function machineOf(node: Node): Machine {
    const { name } = node.metadata
    const capacity = (node.status?.capacity ?? {}) as Record<string, string>
    return {
      name,
      node,
      labels: targetOf(name),
      bornMs: Date.parse(String(node.metadata.creationTimestamp)),
      cores: Math.max(1, Math.floor(parseQuantity(capacity['cpu']) ?? 1)),
      memoryBytes: parseQuantity(capacity['memory']) ?? 0,
      diskBytes: parseQuantity(capacity['ephemeral-storage']) ?? 0,
      domains: [...lives.onNode(name)].map(({ life, stay }) => domains.of(life, stay)),
    }
  }
  type Values = (machine: Machine) => Iterable<[Extra, (timeMs: number) => number]>
  const family = (type: Family['type'], name: string, help: string, values: Values): Family => ({
    name,
    type,
    help,
    *pieces() {
      for (const machine of lives.nodes().map(machineOf)) {
        for (const [extra, at] of values(machine))
          yield {
            key: `${machine.name} ${Object.values(extra).join(' ')}`,
            labels: { ...machine.labels, ...extra, __name__: name },
            fromMs: machine.bornMs,
            at,
          }
      }
    },
  })
  const load = (minutes: number): Values =>
    single((machine, t) => {
      const fromMs = t - minutes * 60_000
      return Math.round(((busySeconds(machine, t) - busySeconds(machine, Math.max(machine.bornMs, fromMs))) / (minutes * 60)) * 110) / 100
    })
  const disk = { device: '/dev/nvme0n1p2', fstype: 'ext4', mountpoint: '/' }
  const usedDisk = (machine: Machine, timeMs: number) =>
    machine.diskBytes * (0.2 + 0.3 * fraction(`${machine.name} disk`) + 0.02 * createSignal(`${machine.name} disk`, 1).at(timeMs))
  return [
    family('counter', 'node_cpu_seconds_total', 'Seconds the CPUs spent in each mode.', cpuValues(remembered(busySeconds))),
    family('gauge', 'node_load1', '1m load average.', load(1)),
    family('gauge', 'node_load5', '5m load average.', load(5)),
    family('gauge', 'node_load15', '15m load average.', load(15)),
    family(
      'gauge',
      'node_memory_MemTotal_bytes',
      'Memory information field MemTotal_bytes.',
      single(({ memoryBytes }) => memoryBytes),
    ),
    family(
      'gauge',
      'node_memory_MemAvailable_bytes',
      'Memory information field MemAvailable_bytes.',
      single((m, t) => Math.round(m.memoryBytes - usedMemory(m, t))),
    ),
    family(
      'gauge',
      'node_memory_MemFree_bytes',
      'Memory information field MemFree_bytes.',
      single((m, t) => Math.round(0.6 * (m.memoryBytes - usedMemory(m, t)))),
    ),
    family(
      'gauge',
      'node_memory_Cached_bytes',
      'Memory information field Cached_bytes.',
      single((m, t) => Math.round(0.36 * (m.memoryBytes - usedMemory(m, t)))),
    ),
    family(
      'gauge',
      'node_memory_Buffers_bytes',
      'Memory information field Buffers_bytes.',
      single((m, t) => Math.round(0.04 * (m.memoryBytes - usedMemory(m, t)))),
    ),
    family(
      'gauge',
      'node_filesystem_size_bytes',
      'Filesystem size in bytes.',
      single(({ diskBytes }) => diskBytes, disk),
    ),
    family(
      'gauge',
      'node_filesystem_avail_bytes',
      'Filesystem space available to non-root users in bytes.',
      single((m, t) => Math.round(m.diskBytes - usedDisk(m, t)), disk),
    ),
    family(
      'counter',
      'node_network_receive_bytes_total',
      'Network device statistic receive_bytes.',
      single(traffic('received'), { device: 'bond0' }),
    ),
    family(
      'counter',
      'node_network_transmit_bytes_total',
      'Network device statistic transmit_bytes.',
      single(traffic('sent'), { device: 'bond0' }),
    ),
    family(
      'counter',
      'node_disk_reads_completed_total',
      'The total number of reads completed successfully.',
      single(operations('reads'), { device: 'nvme0n1' }),
    ),
    family(
      'counter',
      'node_disk_writes_completed_total',
      'The total number of writes completed successfully.',
      single(operations('writes'), { device: 'nvme0n1' }),
    ),
    family(
      'counter',
      'node_disk_read_bytes_total',
      'The total number of bytes read successfully.',
      single(operations('reads', 18_432), { device: 'nvme0n1' }),
    ),
    family(
      'counter',
      'node_disk_written_bytes_total',
      'The total number of bytes written successfully.',
      single(operations('writes', 11_264), { device: 'nvme0n1' }),
    ),
    family(
      'gauge',
      'node_boot_time_seconds',
      'Node boot time, in unixtime.',
      single(({ bornMs }) => bornMs / 1000),
    ),
    family('gauge', 'node_uname_info', 'Labeled system information as provided by the uname system call.', (machine) => {
      const { kernelVersion = '' } = machine.node.status?.nodeInfo ?? {}
      return [[{ nodename: machine.name, sysname: 'Linux', machine: 'x86_64', release: kernelVersion, domainname: '(none)' }, () => 1]]
    }),
    {
      name: 'up',
      type: 'gauge',
      help: 'Whether the last scrape of a target went well.',
      *pieces() {
        for (const { metadata } of lives.nodes()) {
          const fromMs = Date.parse(String(metadata.creationTimestamp))
          yield { key: `node ${metadata.name}`, labels: { ...targetOf(metadata.name), __name__: 'up' }, fromMs, at: () => 1 }
          yield {
            key: `handler ${metadata.name}`,
            labels: { ...handlerTarget(metadata.name), namespace: 'kubevirt', __name__: 'up' },
            fromMs,
            at: () => 1,
          }
        }
      },
    },
  ]
}
