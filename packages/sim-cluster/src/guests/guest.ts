// What a running VMI's consoles talk to: one guest per VMI, made when it boots, gone when it stops.

/** Facts about the VMI that the guest shows: it is rebuilt from these alone. */
export type GuestFacts = {
  uid: string
  namespace: string
  name: string
  hostname: string
  /** `ubuntu`, `fedora`, `debian`, `centos`, `windows`, ... */
  os: string
  osName: string
  kernel: string
  cpus: number
  memoryBytes: number
  node: string
  ips: string[]
  /** Its network interfaces and its file systems, as its agent reports them. */
  nics: GuestNic[]
  disks: GuestDisk[]
  /** Login names with their passwords, as cloud-init set them; empty means that no password login works. */
  users: { name: string; password?: string }[]
  /** When it was switched on, ms; now when absent. */
  bootedAt?: number
}

/** What the agent in a guest tells of it. */
export type AgentReport = {
  hostname: string
  /** Who is logged in, and since when, ms. */
  users: { userName: string; sinceMs: number }[]
}

/** A connection to a service in a guest, from the side that dialled. */
export type GuestConnection = { receive(bytes: Buffer): void }

export type GuestDisk = { device: string; sizeBytes: number; usedBytes: number; mountPoint: string; fileSystem: string }
export type GuestNic = { name: string; mac: string; ips: string[] }

export type Guests = {
  /** What is on disks, by the uid of their claim or volume snapshot: it outlives the guests that wrote it. */
  readonly volumes: Map<string, unknown>
  /** Boots a guest (boot log on the serial tty and the screen), or updates the facts of one that runs. */
  boot(facts: GuestFacts): void
  /** Freezes output and input while paused. */
  setPaused(uid: string, paused: boolean): void
  /** Carries a running guest to another node: its state stays, open consoles are cut, as KubeVirt cuts them. */
  migrated(uid: string, node: string): void
  shutdown(uid: string): void
  /** Starts a guest anew: at once as its reset button does, or by asking it to. It stays the same machine: consoles stay open. */
  reset(uid: string, how: 'button' | 'request'): void
  /** What the guest's agent says of it; undefined without such a guest. */
  agent(uid: string): AgentReport | undefined
  /** Connects to a port of the guest; undefined where nothing listens. */
  connect(uid: string, port: number, send: (bytes: Buffer) => void, end: () => void): GuestConnection | undefined
  /** Restores or snapshots carry the guest's own disk state: what was typed and written survives with its volumes. */
  exportDisk(uid: string): unknown
  importDisk(uid: string, disk: unknown): void
  /** A PNG of what the screen shows, or undefined without such a guest. */
  screenshot(uid: string): Buffer | Promise<Buffer> | undefined
  /**
   * Tells when somebody switched a guest off or restarted it from inside. A restart happens within the guest, as QEMU
   * resets the same domain; after a poweroff the VMI is over.
   */
  onPower(listener: (uid: string, action: 'poweroff' | 'reboot') => void): () => void
  stop(): void
}
