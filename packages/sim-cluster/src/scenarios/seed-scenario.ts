// Scenarios: what is in the cluster when it starts.
import type { Clock } from '../clock.ts'
import type { Storage } from '../storage/storage.ts'
import { seedBase } from './cluster-base.ts'
import { seedSmall, smallNodes } from './small.ts'

export type ScenarioName = 'small' | 'fleet' | 'trouble' | 'empty'

export type ScenarioOptions = { storage: Storage; clock: Clock; vms?: number; seed?: number }

/** Fills an empty store. The controllers start after it, or with it: what is settled stays as it is. */
export function seedScenario(name: ScenarioName, { storage, clock, seed = 1 }: ScenarioOptions): void {
  const nowMs = clock.now()
  switch (name) {
    case 'small':
    case 'fleet':
    case 'trouble':
      seedSmall(storage, { nowMs, seed })
      break
    case 'empty':
      seedBase(storage, { nowMs, namespaces: ['team-a', 'team-b'].map((one) => ({ name: one })), nodes: smallNodes })
      break
  }
}
