// What a process uses, as Linux counts it; NaN where there is no /proc.
import { existsSync, readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** CPU time of all threads so far, seconds. */
export function cpuSeconds(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the name, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** What is in memory now, of all threads. */
/** Until a process has been idle for most of a second; some fleets are never quite at rest, so not for longer than half a minute. */
export async function untilAtRest(pid: number): Promise<void> {
  for (let waited = 0; waited < 30; waited += 1) {
    const before = cpuSeconds(pid)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    if (!(cpuSeconds(pid) - before > 0.2)) return
  }
}

export function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? Number.NaN) * 1024
}

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
