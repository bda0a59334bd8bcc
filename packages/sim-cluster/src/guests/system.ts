// The running state that all terminals of one Linux guest share.
import type { Clock } from '../clock.ts'
import type { FileSystem } from './filesystem.ts'
import type { GuestFacts } from './guest.ts'

export type Service = { name: string; title: string; state: 'active' | 'inactive' | 'failed'; sinceMs: number }

export type System = {
  facts: GuestFacts
  clock: Clock
  files: FileSystem
  /** Read from the disk at boot. */
  hostname: string
  bootedAtMs: number
  /** The kernel's ring buffer. */
  kernelLog: string[]
  services: Map<string, Service>
  /** Who is logged in where, since when. */
  logins: Map<string, { user: string; sinceMs: number }>
  power(action: 'poweroff' | 'reboot'): void
}

/** nginx's own check of its configuration. */
export const nginxStarts = (files: FileSystem) => files.isFile('/etc/nginx/nginx.conf') && files.isFile('/usr/sbin/nginx')

export function startServices(services: [name: string, title: string][], files: FileSystem, sinceMs: number): Map<string, Service> {
  return new Map(
    services.map(([name, title]) => [
      name,
      { name, title, state: name === 'nginx' && !nginxStarts(files) ? ('failed' as const) : ('active' as const), sinceMs },
    ]),
  )
}
