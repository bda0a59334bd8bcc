// What a process uses, as Linux counts it; NaN where there is no /proc.
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'

const ticksPerSecond = 100

/** CPU time of all threads so far, seconds. */
export function cpuSeconds(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the name, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

export function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? Number.NaN) * 1024
}

/** Established TCP connections that a process has to a port. */
export function connectionsTo(pid: number, port: number): number {
  const folder = `/proc/${pid}/fd`
  if (!existsSync(folder)) return Number.NaN
  const inodes = new Set(readdirSync(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(link(`${folder}/${fd}`))?.[1] ?? []))
  const established = '01'
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    read(file)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[2]?.endsWith(remote) && fields[3] === established && inodes.has(fields[9] ?? '')),
  ).length
}

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** A descriptor may be closed between listing and looking. */
function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
