// The benchmarks' command line: figures as a table and, with --json, as a file. Compare runs on one machine only.
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureList, type ListFigures } from './list.ts'
import { measureProxy, type ProxyFigures } from './proxy.ts'
import { startFleet } from './stack.ts'

const parts = ['list', 'proxy'] as const

const { values } = parseArgs({ options: { only: { type: 'string' }, vms: { type: 'string' }, json: { type: 'string' } } })
const only = values.only?.split(',') ?? [...parts]
const unknown = only.filter((part) => !(parts as readonly string[]).includes(part))
if (unknown.length > 0) throw new Error(`--only knows ${parts.join(', ')}, not ${unknown.join(', ')}`)
const sizes = (values.vms ?? '100,1000,10000').split(',').map(Number)

const results: { machine: string; list?: ListFigures[]; proxy?: ProxyFigures } = {
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
}
process.stdout.write(`${results.machine}\n`)

if (only.includes('list')) {
  results.list = []
  for (const vms of sizes) {
    await using stack = await startFleet(vms)
    const figures = await measureList(stack, vms)
    results.list.push(figures)
  }
  process.stdout.write(
    `\n| VMs | first rows ms | searchable ms | wire KB | heap MB | longest task ms | key to paint ms |\n| --- | --- | --- | --- | --- | --- | --- |\n${results.list
      .map(
        (row) =>
          `| ${row.vms} | ${row.firstRowsMs.toFixed(0)} | ${row.searchableMs.toFixed(0)} | ${(row.wireBytes / 1000).toFixed(0)} | ${(row.heapBytes / 1e6).toFixed(1)} | ${row.longestTaskMs.toFixed(0)} | ${row.keystrokeToPaintMs.toFixed(0)} |`,
      )
      .join('\n')}\n`,
  )
}

if (only.includes('proxy')) {
  await using stack = await startFleet(Math.max(500, sizes[0] ?? 0))
  const proxy = await measureProxy(stack)
  results.proxy = proxy
  process.stdout.write(
    `\n| through the server / API server itself | |\n| --- | --- |\n| one VM, time | ${proxy.getRatio.toFixed(2)} |\n| one VM, added ms | ${proxy.addedMs.toFixed(2)} |\n| a page of 500 VMs, time | ${proxy.pageRatio.toFixed(2)} |\n`,
  )
}

if (values.json) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`)
