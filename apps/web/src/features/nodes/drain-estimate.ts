// How long moving VMs will take, from how long the cluster's own migrations took; nothing where too few are known.
import type { MigrationRow, VmRow } from '@virtdeck/kubevirt'

/** Fewer migrations than these are chance. */
const ENOUGH = 3
/** Older ones tell of another load. */
const NEWEST = 20
const GIB = 2 ** 30

type Pace = { secondsPerGib: number; leastSeconds: number; from: number }

type Ended = Pick<MigrationRow, 'namespace' | 'vmiName' | 'phase' | 'startedAt' | 'endedAt'>
type Sized = Pick<VmRow, 'namespace' | 'name' | 'memoryBytes'>

/** What the newest migrations that succeeded tell, by the memory that their VMs have now. */
export function migrationPace(migrations: readonly Ended[], vms: readonly Sized[]): Pace | undefined {
  const bytesOf = new Map(vms.map(({ namespace, name, memoryBytes }) => [`${namespace}/${name}`, memoryBytes]))
  const known = migrations
    .flatMap(({ namespace, vmiName, phase, startedAt, endedAt }) => {
      const bytes = bytesOf.get(`${namespace}/${vmiName}`)
      if (phase !== 'Succeeded' || startedAt === undefined || endedAt === undefined || !bytes) return []
      return [{ endedAt, seconds: Math.max(1, endedAt - startedAt), gib: bytes / GIB }]
    })
    .toSorted((a, b) => b.endedAt - a.endedAt)
    .slice(0, NEWEST)
  if (known.length < ENOUGH) return undefined
  const paces = known.map(({ seconds, gib }) => seconds / gib).toSorted((a, b) => a - b)
  return {
    secondsPerGib: paces[Math.floor(paces.length / 2)] ?? 0,
    leastSeconds: Math.min(...known.map(({ seconds }) => seconds)),
    from: known.length,
  }
}

/** Seconds until the last of the VMs has moved, so many at a time in their order; undefined where one's memory is not known. */
export function drainSeconds(vms: readonly Sized[], pace: Pace, atOnce: number): number | undefined {
  const lanes = Array.from({ length: atOnce }, () => 0)
  for (const { memoryBytes } of vms) {
    if (memoryBytes === undefined) return undefined
    const first = lanes.indexOf(Math.min(...lanes))
    lanes[first] = (lanes[first] ?? 0) + Math.max(pace.leastSeconds, (memoryBytes / GIB) * pace.secondsPerGib)
  }
  return Math.max(0, ...lanes)
}

/** `about 40 s`, `about 6 min`: no more exact than it can be. */
export function aboutText(seconds: number): string {
  if (seconds < 60) return `about ${Math.max(10, Math.ceil(seconds / 10) * 10)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `about ${minutes} min` : `about ${Math.round(minutes / 60)} h`
}
