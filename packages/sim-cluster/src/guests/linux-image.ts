// What is on the disk of a freshly installed Linux guest.
import type { GuestFacts } from './guest.ts'

export type Distribution = {
  family: 'debian' | 'redhat' | 'suse'
  id: string
  /** How the shell's prompt looks. */
  prompt(shell: { user: string; host: string; directory: string }): string
  sshService: string
  cronService: string
}

export function distributionOf({ os }: Pick<GuestFacts, 'os'>): Distribution {
  const bracketed: Distribution['prompt'] = ({ user, host, directory }) =>
    `[${user}@${host} ${directory === '~' ? '~' : directory.slice(directory.lastIndexOf('/') + 1) || '/'}]${user === 'root' ? '#' : '$'} `
  const plain: Distribution['prompt'] = ({ user, host, directory }) => `${user}@${host}:${directory}${user === 'root' ? '#' : '$'} `
  if (/fedora|centos|rhel|redhat|rocky|alma|oracle/.test(os)) {
    return { family: 'redhat', id: os, prompt: bracketed, sshService: 'sshd', cronService: 'crond' }
  }
  if (/suse|sles|leap/.test(os)) return { family: 'suse', id: os, prompt: plain, sshService: 'sshd', cronService: 'cron' }
  return { family: 'debian', id: os, prompt: plain, sshService: 'ssh', cronService: 'cron' }
}

/** Programs that the guest's shell knows; each is a file in /usr/bin. */
export const programs = [
  'bash',
  'cat',
  'clear',
  'cp',
  'curl',
  'date',
  'df',
  'dmesg',
  'du',
  'env',
  'find',
  'free',
  'grep',
  'head',
  'hostname',
  'hostnamectl',
  'id',
  'ip',
  'journalctl',
  'ls',
  'lsb_release',
  'lsblk',
  'mkdir',
  'mv',
  'nproc',
  'ping',
  'poweroff',
  'ps',
  'reboot',
  'rm',
  'rmdir',
  'shutdown',
  'sleep',
  'sort',
  'ss',
  'stat',
  'su',
  'sudo',
  'sync',
  'systemctl',
  'tail',
  'tee',
  'top',
  'touch',
  'tty',
  'uname',
  'uptime',
  'wc',
  'who',
  'whoami',
] as const

export const initPath = '/usr/lib/systemd/systemd'
export const kernelPath = (facts: GuestFacts) => `/boot/vmlinuz-${facts.kernel}`
export const homeOf = (user: string) => (user === 'root' ? '/root' : `/home/${user}`)

export function linuxImage(facts: GuestFacts): Map<string, string> {
  const { hostname, users } = facts
  const distribution = distributionOf(facts)
  const version = /\d+(?:\.\d+)*/.exec(facts.osName)?.[0] ?? ''
  const people = users.map(({ name }) => name).filter((name) => name !== 'root')
  const image = new Map<string, string>([
    ['/boot/grub/grub.cfg', `linux ${kernelPath(facts)} root=/dev/vda1 ro console=tty1 console=ttyS0\n`],
    [kernelPath(facts), ''],
    [`/boot/initrd.img-${facts.kernel}`, ''],
    ['/dev/null', ''],
    ['/etc/fstab', 'LABEL=rootfs / ext4 discard,errors=remount-ro 0 1\nLABEL=UEFI /boot/efi vfat umask=0077 0 1\n'],
    ['/etc/hostname', `${hostname}\n`],
    ['/etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n\n::1 ip6-localhost ip6-loopback\n`],
    ['/etc/nginx/nginx.conf', 'events {}\nhttp {\n  server {\n    listen 80 default_server;\n    root /srv/www;\n  }\n}\n'],
    [
      '/etc/os-release',
      `PRETTY_NAME="${facts.osName}"\nNAME="${facts.osName.replace(/\s+\d.*$/, '')}"\nVERSION_ID="${version}"\nID=${distribution.id}\n`,
    ],
    [
      '/etc/passwd',
      [
        'root:x:0:0:root:/root:/bin/bash',
        'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
        'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
        ...people.map((name, index) => `${name}:x:${1000 + index}:${1000 + index}:${name}:/home/${name}:/bin/bash`),
        '',
      ].join('\n'),
    ],
    ['/etc/resolv.conf', `nameserver 10.96.0.10\nsearch ${facts.namespace}.svc.cluster.local svc.cluster.local cluster.local\n`],
    ['/etc/ssh/sshd_config', 'PermitRootLogin prohibit-password\nPasswordAuthentication no\n'],
    ['/opt/', ''],
    ['/proc/version', `Linux version ${facts.kernel} (gcc) #1 SMP PREEMPT_DYNAMIC\n`],
    ['/root/', ''],
    ['/run/', ''],
    ['/srv/www/index.html', `<!doctype html>\n<title>${hostname}</title>\n<h1>It works on ${hostname}</h1>\n`],
    ['/sys/', ''],
    ['/tmp/', ''],
    [initPath, ''],
    ['/usr/sbin/nginx', ''],
    ['/usr/sbin/sshd', ''],
    ['/var/lib/cloud/instance/boot-finished', 'cloud-init finished\n'],
    ['/var/log/cloud-init-output.log', `Cloud-init finished. Datasource DataSourceNoCloud [seed=/dev/vdb].\n`],
  ])
  for (const program of programs) image.set(`/usr/bin/${program}`, '')
  for (const name of people) {
    image.set(`/home/${name}/.bashrc`, '# ~/.bashrc\n')
    image.set(`/home/${name}/.ssh/authorized_keys`, '')
  }
  return image
}
