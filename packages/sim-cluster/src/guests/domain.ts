// A guest that is a process of its own, as QEMU is behind virt-launcher: its consoles are byte streams.
import type { Duplex } from 'node:stream'
import type { GuestFacts } from './guest.ts'

export type Domain = {
  /** A new RFB connection to its screen, once it is up. Rejects when it does not come up. */
  vnc(): Promise<Duplex>
  serialInput(bytes: Buffer): void
  /** What leaves the serial port while the listener is there; what left before is gone. */
  onSerialOutput(listener: (bytes: Buffer) => void): () => void
  setPaused(paused: boolean): void
  /** Presses the reset button. */
  reset(): void
  /** A PNG of the screen. */
  screenshot(): Promise<Buffer>
  stop(): void
}

export type Hypervisor = {
  /** Starts a domain for a guest, or leaves it to the simulation: what it cannot run, and what is beyond its limit. */
  start(facts: GuestFacts, onPower: (action: 'poweroff' | 'reboot') => void): Domain | undefined
  /** Kills what still runs and removes what was assembled for it. */
  stop(): Promise<void>
}
