// The stack under measurement: a fleet of simulated VMs and a server in front of it.
import { spawnStack, type SpawnedStack } from '../dev/spawned-stack.ts'

export type BenchStack = SpawnedStack & {
  /** How long `npm start` took to its ready line, milliseconds. */
  startMs: number
}

/** Starts a fleet of `vms` simulated VMs and a server in front of it. */
export async function startFleet(vms: number): Promise<BenchStack> {
  const startedAt = performance.now()
  const stack = await spawnStack(['--scenario', 'fleet', '--vms', String(vms)])
  return { ...stack, startMs: performance.now() - startedAt }
}
