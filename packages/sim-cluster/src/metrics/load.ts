// What guests do with their machines: smooth seeded signals whose integrals are known, so that a counter at any moment is
// a formula and never a memory.
import { createRandom, hashOf } from '../controllers/random.ts'

export type Signal = {
  /** Always positive: between 5 % and 195 % of the base. */
  at(timeMs: number): number
  /** The integral over time, in units of the signal times seconds. */
  integral(fromMs: number, toMs: number): number
}

/** Periods that do not divide each other, from the minute to the day: no two hours look the same. */
const periodsMs = [86_400_000, 26_310_000, 7_170_000, 1_873_000, 523_000, 171_000]
const shares = [0.3, 0.2, 0.16, 0.12, 0.1, 0.07]

export function createSignal(name: string, base: number): Signal {
  const random = createRandom(hashOf(name))
  const waves = periodsMs.map((periodMs, i) => ({
    omega: (2 * Math.PI) / (periodMs * (0.9 + 0.2 * random.next())),
    amplitude: shares[i]! * (0.6 + 0.4 * random.next()), // There are as many shares as periods.
    phase: 2 * Math.PI * random.next(),
  }))
  const antiderivative = (timeMs: number) =>
    waves.reduce((sum, { omega, amplitude, phase }) => sum - (amplitude / omega) * Math.cos(omega * timeMs + phase), timeMs)
  return {
    at: (timeMs) => base * waves.reduce((sum, { omega, amplitude, phase }) => sum + amplitude * Math.sin(omega * timeMs + phase), 1),
    integral: (fromMs, toMs) => (toMs <= fromMs ? 0 : (base * (antiderivative(toMs) - antiderivative(fromMs))) / 1000),
  }
}

/** In [0, 1), the same for the same text. */
export const fraction = (name: string): number => createRandom(hashOf(name)).next()

/**
 * What a VM has a habit of: `cpu` of one vCPU and `memory` of the guest's that applications hold, both below 1; `reads` and
 * `writes`, operations per second of one disk; `received` and `sent`, bytes per second of one NIC.
 */
export type Habit = 'cpu' | 'memory' | 'reads' | 'writes' | 'received' | 'sent'

export type Load = (habit: Habit) => Signal

/** The habits of a VM: most idle along, some work, few are busy. They stay the same from one life to the next. */
export function loadOf(seed: number, namespace: string, name: string): Load {
  const id = `${seed} ${namespace}/${name}`
  const activity = fraction(`${id} activity`) ** 3
  const traffic = fraction(`${id} traffic`) ** 2
  const bases: Record<Habit, () => number> = {
    cpu: () => 0.02 + 0.45 * activity,
    memory: () => 0.16 + 0.28 * fraction(`${id} memory`),
    reads: () => 1 + 140 * activity * traffic,
    writes: () => 3 + 90 * activity,
    received: () => 800 + 2_500_000 * traffic * (0.2 + activity),
    sent: () => 500 + 1_400_000 * traffic * (0.2 + activity),
  }
  // Of a fleet few signals are ever asked for, and those of all VMs at once.
  const made: Partial<Record<Habit, Signal>> = {}
  return (habit) => (made[habit] ??= createSignal(`${id} ${habit}`, bases[habit]()))
}
