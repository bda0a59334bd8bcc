// What a booting Linux writes on its consoles, and when.
import type { GuestFacts } from './guest.ts'
import { distributionOf } from './linux-image.ts'

export type BootLine = {
  /** Milliseconds since power on. */
  atMs: number
  text: string
  /** Kept in the kernel's ring buffer, for dmesg. */
  kernel: boolean
}

const firmwareMs = 900
const green = (text: string) => `\x1b[0;32m${text}\x1b[0m`
const bright = (text: string) => `\x1b[0;1;39m${text}\x1b[0m`

export const okLine = (verb: string, unit: string, title: string) => `[${green('  OK  ')}] ${verb} ${bright(unit)} - ${title}.`

function kernelLines(facts: GuestFacts): [number, string][] {
  const { kernel, cpus, memoryBytes } = facts
  const memoryKiB = Math.round(memoryBytes / 1024)
  const top = (memoryBytes - 1).toString(16).padStart(16, '0')
  const mac = macOf(facts)
  return [
    [0, `Linux version ${kernel} (gcc, GNU ld) #1 SMP PREEMPT_DYNAMIC`],
    [0, `Command line: BOOT_IMAGE=/boot/vmlinuz-${kernel} root=LABEL=rootfs ro console=tty1 console=ttyS0`],
    [0, 'BIOS-provided physical RAM map:'],
    [0, 'BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable'],
    [0, `BIOS-e820: [mem 0x0000000000100000-0x${top}] usable`],
    [0, 'NX (Execute Disable) protection: active'],
    [0, 'SMBIOS 2.8 present.'],
    [0, 'DMI: KubeVirt None/RHEL, BIOS 1.16.3-2.el9 04/01/2014'],
    [0, 'Hypervisor detected: KVM'],
    [0.000_006, 'kvm-clock: using sched offset of 521093841 cycles'],
    [0.000_911, 'tsc: Detected 2893.202 MHz processor'],
    [0.014_802, 'ACPI: RSDP 0x00000000000F58E0 000014 (v00 BOCHS )'],
    [0.061_330, `smpboot: Allowing ${cpus} CPUs, 0 hotplug CPUs`],
    [0.081_113, `Memory: ${memoryKiB - 61_440}K/${memoryKiB}K available`],
    [0.121_887, 'rcu: Hierarchical RCU implementation.'],
    [0.164_093, 'printk: console [tty1] enabled'],
    [0.165_740, 'printk: console [ttyS0] enabled'],
    [0.236_501, `smp: Brought up 1 node, ${cpus} CPU${cpus > 1 ? 's' : ''}`],
    [0.302_180, 'devtmpfs: initialized'],
    [0.318_642, 'NET: Registered PF_NETLINK/PF_ROUTE protocol family'],
    [0.381_934, 'PCI: Using configuration type 1 for base access'],
    [0.470_021, 'SCSI subsystem initialized'],
    [0.533_408, 'NET: Registered PF_INET6 protocol family'],
    [0.640_276, 'Serial: 8250/16550 driver, 32 ports, IRQ sharing enabled'],
    [0.664_519, '00:04: ttyS0 at I/O 0x3f8 (irq = 4, base_baud = 115200) is a 16550A'],
    [0.702_345, 'virtio_blk virtio2: [vda] 41943040 512-byte logical blocks (21.5 GB/20.0 GiB)'],
    [0.713_880, ' vda: vda1 vda14 vda15'],
    [0.741_006, 'virtio_net virtio0 enp1s0: renamed from eth0'],
    [0.755_190, `virtio_net virtio0 enp1s0: MAC ${mac}`],
    [0.802_466, 'Freeing unused kernel image (initmem) memory: 4788K'],
    [0.811_952, 'Run /init as init process'],
    [1.102_377, 'EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none.'],
  ]
}

function unitLines(facts: GuestFacts, hostname: string): [number, string][] {
  const { family, sshService, cronService } = distributionOf(facts)
  const lines: [number, string][] = [
    [1.31, `systemd[1]: systemd 255 running in system mode (+PAM +AUDIT +SECCOMP)`],
    [1.33, `systemd[1]: Detected virtualization kvm.`],
    [1.34, `systemd[1]: Hostname set to <${hostname}>.`],
    [1.52, ''],
    [1.53, `Welcome to ${bright(facts.osName)}!`],
    [1.54, ''],
    [1.75, okLine('Created slice', 'system-getty.slice', 'Slice /system/getty')],
    [1.8, okLine('Reached target', 'swap.target', 'Swaps')],
    [1.92, okLine('Listening on', 'systemd-journald.socket', 'Journal Sockets')],
    [1.99, okLine('Started', 'systemd-journald.service', 'Journal Service')],
    [2.2, okLine('Mounted', 'boot-efi.mount', '/boot/efi')],
    [2.28, okLine('Reached target', 'local-fs.target', 'Local File Systems')],
    [2.41, okLine('Finished', 'systemd-sysctl.service', 'Apply Kernel Variables')],
    [2.66, `         Starting ${bright('cloud-init-local.service')} - Cloud-init: Local Stage...`],
    [3.05, okLine('Finished', 'cloud-init-local.service', 'Cloud-init: Local Stage')],
    [
      3.21,
      family === 'debian'
        ? okLine('Started', 'systemd-networkd.service', 'Network Configuration')
        : okLine('Started', 'NetworkManager.service', 'Network Manager'),
    ],
    [3.62, okLine('Reached target', 'network-online.target', 'Network is Online')],
    [3.7, `         Starting ${bright('cloud-init.service')} - Cloud-init: Network Stage...`],
    ...facts.ips.slice(0, 1).map((ip): [number, string] => [3.84, `cloud-init[512]: ci-info: | enp1s0 | True | ${ip} | ${macOf(facts)} |`]),
    [4.12, okLine('Finished', 'cloud-init.service', 'Cloud-init: Network Stage')],
    [4.2, okLine('Reached target', 'sysinit.target', 'System Initialization')],
    [4.31, okLine('Started', 'dbus.service', 'D-Bus System Message Bus')],
    [4.42, okLine('Started', `${cronService}.service`, 'Regular background program processing daemon')],
    [4.55, okLine('Started', 'qemu-guest-agent.service', 'QEMU Guest Agent')],
    [4.78, okLine('Started', `${sshService}.service`, 'OpenBSD Secure Shell server')],
    [5.05, okLine('Started', 'nginx.service', 'A high performance web server')],
    [5.2, okLine('Reached target', 'multi-user.target', 'Multi-User System')],
    [5.62, `cloud-init[688]: Cloud-init finished. Datasource DataSourceNoCloud [seed=/dev/vdb]. Up 5.62 seconds`],
    [5.7, okLine('Finished', 'cloud-final.service', 'Cloud-init: Final Stage')],
    [5.74, okLine('Reached target', 'cloud-init.target', 'Cloud-init target')],
  ]
  return lines
}

/** The address of the first interface. */
const macOf = ({ nics }: Pick<GuestFacts, 'nics'>) => nics[0]?.mac || '00:00:00:00:00:00'

const stamp = (seconds: number) => `[${seconds.toFixed(6).padStart(12)}] `

/** Firmware and boot loader, then as far as the disk lets it come. */
export function bootLog(facts: GuestFacts, disk: { kernel: boolean; init: boolean; hostname: string; nginx: boolean }): BootLine[] {
  const lines: BootLine[] = [
    { atMs: 0, text: '\x1b[H\x1b[2JSeaBIOS (version 1.16.3-2.el9)', kernel: false },
    { atMs: 250, text: 'Booting from Hard Disk...', kernel: false },
    { atMs: 500, text: 'GRUB loading.', kernel: false },
  ]
  if (!disk.kernel) {
    return [
      ...lines,
      { atMs: firmwareMs, text: `error: file \`/boot/vmlinuz-${facts.kernel}' not found.`, kernel: false },
      { atMs: firmwareMs + 50, text: 'Entering rescue mode...', kernel: false },
      { atMs: firmwareMs + 100, text: 'grub rescue> ', kernel: false },
    ]
  }
  for (const [seconds, text] of kernelLines(facts)) {
    lines.push({ atMs: firmwareMs + seconds * 1000, text: stamp(seconds) + text, kernel: true })
  }
  if (!disk.init) {
    const panic = [
      'Run /sbin/init as init process',
      'Run /bin/sh as init process',
      'Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.',
      'CPU: 0 PID: 1 Comm: swapper/0 Not tainted',
      'Hardware name: KubeVirt None/RHEL, BIOS 1.16.3-2.el9 04/01/2014',
      '---[ end Kernel panic - not syncing: No working init found. ]---',
    ]
    for (const [index, text] of panic.entries()) {
      const seconds = 1.2 + index / 1000
      lines.push({ atMs: firmwareMs + seconds * 1000, text: stamp(seconds) + text, kernel: true })
    }
    return lines
  }
  for (const [seconds, text] of unitLines(facts, disk.hostname)) {
    const failed = text.includes('nginx.service') && !disk.nginx
    lines.push({
      atMs: firmwareMs + seconds * 1000,
      text: failed ? `[\x1b[0;1;31mFAILED\x1b[0m] Failed to start ${bright('nginx.service')} - A high performance web server.` : text,
      kernel: false,
    })
  }
  return lines
}
