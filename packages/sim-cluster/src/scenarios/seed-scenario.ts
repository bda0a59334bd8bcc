// Scenarios: what is in the cluster when it starts.
import type { Clock } from '../clock.ts'
import type { Storage } from '../storage/storage.ts'
import { seedBase } from './cluster-base.ts'
import { seedFleet } from './fleet.ts'
import { seedSmall, smallNodes } from './small.ts'
import { seedTrouble } from './trouble.ts'

export type ScenarioName = 'small' | 'fleet' | 'trouble' | 'empty'

export type ScenarioOptions = { storage: Storage; clock: Clock; vms?: number; seed?: number }

/** Fills an empty store. The controllers start after it, or with it: what is settled stays as it is. */
export function seedScenario(name: ScenarioName, { storage, clock, seed = 1, vms = 10_000 }: ScenarioOptions): void {
  const nowMs = clock.now()
  switch (name) {
    case 'fleet':
      seedFleet(storage, { nowMs, seed, vms })
      break
    case 'trouble':
      seedTrouble(storage, { nowMs, seed })
      break
    case 'small':
      seedSmall(storage, { nowMs, seed })
      break
    case 'empty':
      seedBase(storage, { nowMs, namespaces: ['team-a', 'team-b'].map((one) => ({ name: one })), nodes: smallNodes })
      break
  }
}
