// What a QEMU guest boots, made of what is installed on this machine: Linux with busybox, or else a boot sector that
// echoes what is typed, below the firmware's own words.
import { accessSync, closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { cpioArchive } from './cpio.ts'
import type { GuestFacts } from './guest.ts'

export type BootImage = {
  kind: 'linux' | 'boot-sector'
  memoryMi: number
  /** Makes what one guest needs of its own, in files that begin with `prefix`, and gives QEMU's arguments. */
  prepare(facts: GuestFacts, prefix: string): string[]
}

export type BootFiles = { kernel?: string | undefined; busybox?: string | undefined }

/** The newest readable kernel of /boot and a static busybox; each may be named by the environment instead. */
export function findBootFiles(env: NodeJS.ProcessEnv = process.env): BootFiles {
  return {
    kernel: env['QEMU_GUEST_KERNEL'] ?? kernels().find(isReadable),
    busybox: env['QEMU_GUEST_BUSYBOX'] ?? ['/bin/busybox', '/usr/bin/busybox', '/usr/local/bin/busybox'].find(isStaticProgram),
  }
}

function kernels(): string[] {
  try {
    const named = readdirSync('/boot').filter((name) => name.startsWith('vmlinuz-'))
    return named.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).map((name) => join('/boot', name))
  } catch {
    return []
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const programInterpreter = 3

/** An ELF program that needs no dynamic linker: in an initial RAM file system there is none. */
function isStaticProgram(path: string): boolean {
  const head = Buffer.alloc(4096)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, head, 0, head.length, 0)
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
  const isElf64 = head.toString('latin1', 0, 4) === '\x7fELF' && head[4] === 2
  if (!isElf64) return false
  const offset = Number(head.readBigUInt64LE(32))
  const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)]
  for (let i = 0; i < count && offset + i * size + 4 <= head.length; i += 1) {
    if (head.readUInt32LE(offset + i * size) === programInterpreter) return false
  }
  return true
}

/** Assembles the image in a directory. */
export async function assembleImage(directory: string, { kernel, busybox }: BootFiles): Promise<BootImage> {
  if (kernel && busybox) {
    const initrd = join(directory, 'initrd.gz')
    await writeFile(initrd, gzipSync(initramfs(readFileSync(busybox)), { level: 1 }))
    return {
      kind: 'linux',
      memoryMi: 192,
      prepare: ({ hostname }) => [
        '-kernel',
        kernel,
        '-initrd',
        initrd,
        // No timer calibration against a clock that software emulation cannot keep; both consoles get what the kernel says.
        '-append',
        `console=tty0 console=ttyS0,115200 loglevel=4 no_timer_check tsc=unstable virtdeck.hostname=${hostname}`,
      ],
    }
  }
  return {
    kind: 'boot-sector',
    memoryMi: 16,
    prepare({ hostname }, prefix) {
      const greeting = `\r\n${hostname}: a boot sector in QEMU, for want of a kernel.\r\nIt echoes what is typed.\r\n\r\n> `
      writeFileSync(`${prefix}.img`, bootDisk(greeting))
      return ['-drive', `if=none,id=boot,format=raw,file=${prefix}.img`, '-device', 'ide-hd,drive=boot']
    },
  }
}

const inittab = `::sysinit:/etc/rcS
ttyS0::respawn:/sbin/getty -n -l /etc/shell 115200 ttyS0 vt100
tty1::respawn:/sbin/getty -n -l /etc/shell 38400 tty1 linux
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/sync
`
const rcS = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /sbin /usr/bin /usr/sbin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox --install -s
for word in $(cat /proc/cmdline); do
  case $word in virtdeck.hostname=*) hostname "\${word#virtdeck.hostname=}" ;; esac
done
`
const shell = `#!/bin/sh
export HOME=/root PS1='\\u@\\h:\\w# '
cd /root
echo
echo "$(hostname): Linux $(uname -r) in QEMU, on $(tty)"
exec sh -i
`

function initramfs(busybox: Buffer): Buffer {
  return cpioArchive([
    ...['bin', 'sbin', 'etc', 'dev', 'proc', 'sys', 'root', 'tmp'].map((name) => ({ name, directory: true }) as const),
    { name: 'bin/busybox', file: busybox, executable: true },
    { name: 'bin/sh', link: 'busybox' },
    { name: 'sbin/getty', link: '../bin/busybox' },
    { name: 'init', link: 'bin/busybox' },
    { name: 'dev/console', characterDevice: [5, 1] },
    { name: 'etc/inittab', file: inittab },
    { name: 'etc/rcS', file: rcS, executable: true },
    { name: 'etc/shell', file: shell, executable: true },
    { name: 'etc/passwd', file: 'root::0:0:root:/root:/bin/sh\n' },
    { name: 'etc/group', file: 'root:x:0:\n' },
  ])
}

/**
 * 16-bit code for 0x7C00. It greets on the screen and on the first serial port, and then echoes what comes from the
 * keyboard and from the port to both; after a return it greets again. Between ticks of the timer it halts.
 */
const code = [
  [0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb, 0xfc], // cli; segments and stack; sti; cld
  [0xbe, 0x60, 0x7c], // mov si, text
  [0xac, 0x84, 0xc0, 0x74, 0x05, 0xe8, 0x31, 0x00, 0xeb, 0xf6], // greet: lodsb; test al, al; jz idle; call put; jmp greet
  [0xf4], // idle: hlt
  [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0x09], // serial: mov dx, 0x3FD; in al, dx; test al, 1; jz keyboard
  [0xba, 0xf8, 0x03, 0xec, 0xe8, 0x11, 0x00, 0xeb, 0xef], // mov dx, 0x3F8; in al, dx; call echo; jmp serial
  [0xb4, 0x01, 0xcd, 0x16, 0x74, 0xe8], // keyboard: mov ah, 1; int 0x16; jz idle
  [0xb4, 0x00, 0xcd, 0x16, 0xe8, 0x02, 0x00, 0xeb, 0xf1], // mov ah, 0; int 0x16; call echo; jmp keyboard
  [0xe8, 0x0b, 0x00, 0x3c, 0x0d, 0x75, 0x1c], // echo: call put; cmp al, 13; jne done
  [0xb0, 0x0a, 0xe8, 0x02, 0x00, 0xeb, 0xb6], // mov al, 10; call put; jmp start
  [0x50, 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd, 0x10], // put: push ax; mov ah, 0x0E; mov bx, 7; int 0x10
  [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb], // mov dx, 0x3FD; wait until the port takes a byte
  [0x58, 0xba, 0xf8, 0x03, 0xee, 0xc3], // pop ax; mov dx, 0x3F8; out dx, al; done: ret
].flat()
const sectorBytes = 512
/** The firmware does not boot disks that are smaller than a cylinder. */
const diskBytes = 1 << 20

/** A disk that the firmware boots. The text is cut to what fits into its first sector. */
export function bootDisk(text: string): Buffer {
  const disk = Buffer.alloc(diskBytes)
  Buffer.from(code).copy(disk)
  disk.write(text.slice(0, sectorBytes - 3 - code.length), code.length, 'latin1')
  disk.writeUInt16LE(0xaa55, sectorBytes - 2)
  return disk
}
