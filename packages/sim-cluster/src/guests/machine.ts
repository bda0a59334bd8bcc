// What the consoles need of a guest, whatever runs in it.
import type { Clock } from '../clock.ts'
import type { AgentReport, GuestConnection, GuestFacts } from './guest.ts'
import type { Screen } from './screen.ts'

export type Machine = {
  readonly screen: Screen
  key(keysym: number, down: boolean): void
  pointer(x: number, y: number, buttons: number): void
  serialInput(text: string): void
  /** What leaves the serial port while the listener is there; what left before is gone. */
  onSerialOutput(listener: (text: string) => void): () => void
  exportDisk(): unknown
  /** Puts another disk in, and starts from it. */
  importDisk(disk: unknown): void
  /** Starts anew, with or without shutting down first. */
  reset(how: 'button' | 'request'): void
  report(): AgentReport
  /** Connects to one of its ports; undefined where nothing listens. */
  connect(port: number, send: (bytes: Buffer) => void, end: () => void): GuestConnection | undefined
  setPaused(paused: boolean): void
  updateFacts(facts: GuestFacts): void
  stop(): void
}

export type MachineOptions = {
  facts: GuestFacts
  bootedAtMs: number
  disk: unknown
  clock: Clock
  onPower(action: 'poweroff' | 'reboot'): void
}
