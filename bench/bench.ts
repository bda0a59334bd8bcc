// The benchmarks' command line: figures as tables and, with --json, as a file. Compare runs on one machine only.
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measureConsole, type ConsoleFigures } from './console.ts'
import { measureEvents, type EventFigures } from './events.ts'
import { measureList, type ListFigures } from './list.ts'
import { measureProxy, type ProxyFigures } from './proxy.ts'
import { startFleet } from './stack.ts'

const parts = ['list', 'events', 'proxy', 'console'] as const

const { values } = parseArgs({
  options: { only: { type: 'string' }, vms: { type: 'string' }, tabs: { type: 'string' }, json: { type: 'string' } },
})
const only = values.only?.split(',') ?? [...parts]
const unknown = only.filter((part) => !(parts as readonly string[]).includes(part))
if (unknown.length > 0) throw new Error(`--only knows ${parts.join(', ')}, not ${unknown.join(', ')}`)
const sizes = (values.vms ?? '100,1000,10000').split(',').map(Number)
const tabs = (values.tabs ?? '1,50,200').split(',').map(Number)

type Results = {
  machine: string
  /** Processes waiting for a processor when the run began and when it ended. */
  load: number[]
  list?: ListFigures[]
  events?: EventFigures[]
  proxy?: ProxyFigures
  console?: ConsoleFigures
}

const results: Results = {
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
  load: [loadavg()[0] ?? 0],
}
process.stdout.write(`${results.machine}\n`)

if (only.includes('list')) {
  results.list = []
  for (const vms of sizes) {
    await using stack = await startFleet(vms)
    results.list.push(await measureList(stack, vms))
  }
  table(
    ['VMs', 'first rows ms', 'searchable ms', 'wire KB', 'heap MB', 'longest task ms', 'key to paint ms'],
    results.list.map((row) => [
      row.vms,
      row.firstRowsMs.toFixed(0),
      row.searchableMs.toFixed(0),
      (row.wireBytes / 1000).toFixed(0),
      (row.heapBytes / 1e6).toFixed(1),
      row.longestTaskMs.toFixed(0),
      row.keystrokeToPaintMs.toFixed(0),
    ]),
  )
}

if (only.includes('events')) {
  await using stack = await startFleet(Math.max(...sizes))
  const pairs = [10, 200].flatMap((changesPerSecond) => tabs.map((count) => ({ tabs: count, changesPerSecond })))
  results.events = await measureEvents(stack, pairs)
  table(
    [
      'tabs',
      'changes/s',
      'p50 ms',
      'p99 ms',
      'added p50 ms',
      'added p99 ms',
      'lost',
      'server CPU',
      'server RSS MB',
      'upstream connections',
    ],
    results.events.map((row) => [
      row.tabs,
      row.changesPerSecond,
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      row.addedP50Ms.toFixed(1),
      row.addedP99Ms.toFixed(1),
      row.lost,
      `${(row.serverCpu * 100).toFixed(0)} %`,
      (row.serverRssBytes / 1e6).toFixed(0),
      row.upstreamWatches,
    ]),
  )
}

if (only.includes('proxy')) {
  await using stack = await startFleet(Math.max(500, sizes[0] ?? 0))
  results.proxy = await measureProxy(stack)
  table(
    ['through the server / API server itself', ''],
    [
      ['one VM, time', results.proxy.getRatio.toFixed(2)],
      ['one VM, added ms', results.proxy.addedMs.toFixed(2)],
      ['a page of 500 VMs, time', results.proxy.pageRatio.toFixed(2)],
    ],
  )
}

if (only.includes('console')) {
  await using stack = await startFleet(Math.max(100, sizes[0] ?? 0))
  results.console = await measureConsole(stack)
  table(
    ['consoles through the server / API server itself', ''],
    [
      ['whole screens in raw pixels, throughput', results.console.throughputRatio.toFixed(2)],
      ['through the server, MB/s', (results.console.bytesPerSecond / 1e6).toFixed(1)],
      ['echo of a key, added p50 ms', results.console.addedP50Ms.toFixed(2)],
      ['echo of a key, added p99 ms', results.console.addedP99Ms.toFixed(2)],
    ],
  )
}

results.load.push(loadavg()[0] ?? 0)
if (values.json) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`)

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`
  process.stdout.write(`\n${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`)
}
