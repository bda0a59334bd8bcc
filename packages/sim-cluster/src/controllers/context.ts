// What every controller of the simulated cluster works with.
import type { Clock } from '../clock.ts'
import type { Guests } from '../guests/guest.ts'
import type { Storage } from '../storage/storage.ts'
import { createRecorder, type RecordEvent } from './events.ts'
import { createGuestDisks, type GuestDisks } from './guest-disks.ts'
import { createIndexes, type Indexes } from './indexes.ts'
import { createObjects, type Objects } from './objects.ts'
import { createRandom, type Random } from './random.ts'
import { createWaits, type Waits } from './waits.ts'

export type ControllerContext = {
  storage: Storage
  clock: Clock
  guests: Guests
  objects: Objects
  indexes: Indexes
  record: RecordEvent
  random: Random
  waits: Waits
  disks: GuestDisks
  /** Pod addresses, each given out once. */
  nextIp(): string
}

export function createContext({
  storage,
  clock,
  guests,
  seed,
}: {
  storage: Storage
  clock: Clock
  guests: Guests
  seed: number
}): ControllerContext {
  const random = createRandom(seed)
  const objects = createObjects(storage, clock, random.uuid)
  let given = 0
  return {
    storage,
    clock,
    guests,
    objects,
    indexes: createIndexes(storage),
    record: createRecorder(objects, clock),
    random,
    waits: createWaits(clock),
    disks: createGuestDisks(guests),
    // Scenarios number their pods from 10.244.0.0 up; what starts later lives above them.
    nextIp() {
      given += 1
      return `10.${248 + Math.floor(given / 62_500)}.${Math.floor(given / 250) % 250}.${(given % 250) + 2}`
    },
  }
}
