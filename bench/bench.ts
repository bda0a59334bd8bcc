// The benchmarks' command line: figures as tables and, with --json, as a file. Compare runs on one machine only.
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { measureBusyConsoles, measureConsole, type BusyFigures, type ConsoleFigures } from './console.ts'
import { measureEvents, type EventFigures, type EventRun } from './events.ts'
import { measureList, type ListFigures } from './list.ts'
import { measureProxy, type ProxyFigures } from './proxy.ts'
import { measureSim, type SimFigures } from './sim.ts'
import { startFleet } from './stack.ts'

const parts = ['list', 'events', 'proxy', 'console', 'sim'] as const

const { values } = parseArgs({
  options: { only: { type: 'string' }, vms: { type: 'string' }, tabs: { type: 'string' }, json: { type: 'string' } },
})
const only = values.only?.split(',') ?? [...parts]
const unknown = only.filter((part) => !(parts as readonly string[]).includes(part))
if (unknown.length > 0) throw new Error(`--only knows ${parts.join(', ')}, not ${unknown.join(', ')}`)
const sizes = (values.vms ?? '100,1000,10000,50000').split(',').map(Number)
/** What is measured at one size only is measured at this one. */
const fleet = values.vms ? Math.max(...sizes) : 10_000
const tabs = (values.tabs ?? '1,50,200,500').split(',').map(Number)
const groups = 20

type Results = {
  machine: string
  /** Processes waiting for a processor when the run began and when it ended. */
  load: number[]
  /** RSS of the server before anybody came, by the size of the fleet. */
  idleRssBytes: Record<number, number>
  list?: ListFigures[]
  events?: EventFigures[]
  proxy?: ProxyFigures
  console?: ConsoleFigures & { busy: BusyFigures }
  sim?: SimFigures
}

const results: Results = {
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  load: [load()],
  idleRssBytes: {},
}
say(`${results.machine}, load ${results.load[0]}\n`)

async function stackOf(vms: number, options: Parameters<typeof startFleet>[1] = {}) {
  const stack = await startFleet(vms, options)
  results.idleRssBytes[vms] ??= stack.server.readyRssBytes
  return stack
}

if (only.includes('list')) {
  results.list = []
  for (const vms of sizes) {
    await using stack = await stackOf(vms)
    results.list.push(await measureList(stack, vms, vms > 10_000 ? 5 : 9))
  }
  table(
    [
      'VMs',
      'first rows ms',
      'searchable ms',
      'wire KB',
      'heap MB',
      'longest task ms',
      'key to paint ms',
      'scroll p95 frame ms',
      'longest frame ms',
    ],
    results.list.map((row) => [
      row.vms,
      row.firstRowsMs.toFixed(0),
      row.searchableMs.toFixed(0),
      (row.wireBytes / 1000).toFixed(0),
      (row.heapBytes / 1e6).toFixed(1),
      row.longestTaskMs.toFixed(0),
      row.keystrokeToPaintMs.toFixed(0),
      row.scrollP95FrameMs.toFixed(1),
      row.scrollLongestFrameMs.toFixed(1),
    ]),
  )
}

if (only.includes('events')) {
  await using stack = await stackOf(fleet, { groups })
  const rates = [10, 200, 2_000]
  const runs: EventRun[] = [
    ...rates.flatMap((changesPerSecond) => tabs.map((count) => ({ tabs: count, changesPerSecond, groups: 1 }))),
    ...rates.flatMap((changesPerSecond) =>
      tabs.filter((count) => count >= groups).map((count) => ({ tabs: count, changesPerSecond, groups })),
    ),
  ]
  results.events = await measureEvents(stack, runs)
  table(
    [
      'tabs',
      'changes/s',
      'groups',
      'p50 ms',
      'p99 ms',
      'plain watch p50',
      'plain watch p99',
      'lost',
      'overtaken',
      're-syncs',
      'KB/s per tab',
      'server CPU',
      'server RSS MB',
      'watches per resource',
    ],
    results.events.map((row) => [
      row.tabs,
      row.changesPerSecond,
      row.groups,
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      row.plainP50Ms.toFixed(1),
      row.plainP99Ms.toFixed(1),
      row.lost,
      row.overtaken,
      row.resyncs,
      (row.bytesPerTabSecond / 1000).toFixed(1),
      `${(row.serverCpu * 100).toFixed(0)} %`,
      (row.serverRssBytes / 1e6).toFixed(0),
      row.upstreamWatches,
    ]),
  )
}

if (only.includes('proxy')) {
  await using stack = await stackOf(fleet)
  const proxy = (results.proxy = await measureProxy(stack))
  table(
    ['through the server', ''],
    [
      ['one VM, added to the API server’s p50, ms', proxy.addedP50Ms.toFixed(2)],
      ['the same through kubectl proxy, ms', proxy.kubectlAddedP50Ms.toFixed(2)],
      ['gets of one VM per second, eight at a time', proxy.getsPerSecond.toFixed(0)],
      ['the same over kubectl proxy', proxy.getThroughputRatio.toFixed(2)],
      ['a page of 500 VMs, throughput over kubectl proxy', proxy.pageThroughputRatio.toFixed(2)],
      ['the same over the API server', proxy.pageToApiRatio.toFixed(2)],
      [`all VMs at once (${(proxy.listBytes / 1e6).toFixed(0)} MB), throughput over kubectl proxy`, proxy.listThroughputRatio.toFixed(2)],
      ['the same over the API server', proxy.listToApiRatio.toFixed(2)],
    ],
  )
}

if (only.includes('console')) {
  const measured = await consoles()
  const busy = await busyConsoles()
  results.console = { ...measured, busy }
  table(
    ['consoles through the server', ''],
    [
      ['whole screens in raw pixels, MB/s', (measured.bytesPerSecond / 1e6).toFixed(1)],
      ['the same over kubectl proxy', measured.throughputRatio.toFixed(2)],
      ['the same over a plain TCP pipe', measured.throughputToPipeRatio.toFixed(2)],
      ['echo of a key, p50 / p99 ms', `${measured.p50Ms.toFixed(2)} / ${measured.p99Ms.toFixed(2)}`],
      ['added to the pipe, p50 / p99 ms', `${measured.addedP50Ms.toFixed(2)} / ${measured.addedP99Ms.toFixed(2)}`],
      ['added by kubectl proxy, p50 / p99 ms', `${measured.kubectlAddedP50Ms.toFixed(2)} / ${measured.kubectlAddedP99Ms.toFixed(2)}`],
      [`${busy.sessions} sessions while ${busy.relisted} objects are read anew: frames per second`, busy.framesPerSecond.toFixed(0)],
      ['each reading of the fleet, ms', busy.relistMs.toFixed(0)],
      ['of those sent at that pace', `${(busy.carriedShare * 100).toFixed(1)} %`],
      ['under way, p50 / p99 ms', `${busy.p50Ms.toFixed(2)} / ${busy.p99Ms.toFixed(2)}`],
      ['added to sessions at the API server, p50 / p99 ms', `${busy.addedP50Ms.toFixed(2)} / ${busy.addedP99Ms.toFixed(2)}`],
      ['p99 in each round, ms', busy.addedP99MsByRound.map((ms) => ms.toFixed(2)).join(', ')],
      ['the same while nothing is read, p50 / p99 ms', `${busy.calmAddedP50Ms.toFixed(2)} / ${busy.calmAddedP99Ms.toFixed(2)}`],
      ['server CPU meanwhile', `${(busy.serverCpu * 100).toFixed(0)} %`],
    ],
  )
}

if (only.includes('sim')) {
  const sim = (results.sim = await measureSim())
  table(
    [`the simulated cluster by itself, ${sim.vms} VMs`, ''],
    [
      ['start to first answer, ms', sim.listeningMs.toFixed(0)],
      [`list of all VMs in pages of 500 (${(sim.pagedListBytes / 1e6).toFixed(0)} MB), ms`, sim.pagedListMs.toFixed(0)],
      ['the same once more, ms', sim.pagedListAgainMs.toFixed(0)],
      ['as many bytes from a server that does nothing else, ms', sim.socketMs.toFixed(0)],
      [`${sim.changes} changes, s`, sim.changeSeconds.toFixed(1)],
      [`events that one of ${sim.watches} watches missed`, sim.lostEvents],
      ['answer to event, p50 / p99 / max ms', `${sim.eventP50Ms.toFixed(1)} / ${sim.eventP99Ms.toFixed(1)} / ${sim.eventMaxMs.toFixed(1)}`],
      ['RSS, MB', (sim.rssBytes / 1e6).toFixed(0)],
    ],
  )
}

results.load.push(load())
table(
  ['VMs', 'server RSS before anybody came, MB'],
  Object.entries(results.idleRssBytes).map(([vms, bytes]) => [vms, (bytes / 1e6).toFixed(0)]),
)
say(`\nload at the end ${results.load.at(-1)}\n`)
if (values.json) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`)

async function consoles() {
  await using stack = await stackOf(fleet)
  return await measureConsole(stack)
}

async function busyConsoles() {
  await using stack = await startFleet(fleet, { groups, front: true })
  return await measureBusyConsoles(stack)
}

function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10
}

function say(text: string) {
  process.stdout.write(text)
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`
  say(`\n${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`)
}
