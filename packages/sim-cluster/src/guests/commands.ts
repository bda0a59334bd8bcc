// The programs of the guest's shell: each is a function of its arguments and the system.
import { baseName, fileErrorText, parentOf, resolvePath } from './filesystem.ts'
import { distributionOf, homeOf, programs } from './linux-image.ts'
import { nginxStarts, type System } from './system.ts'

export type Invocation = {
  system: System
  name: string
  args: string[]
  stdin: string
  user: string
  cwd: string
  tty: string
}

/** A program that takes its time: `interrupt` is Ctrl-C, `key` any other character. */
export type Running = { interrupt(): void; key?(character: string): void }

export type Result =
  | { out?: string; err?: string; code?: number }
  | { run(io: { write(text: string): void; done(code: number): void }): Running }

export type Program = (invocation: Invocation) => Result

/** As `-h` prints bytes: two digits at least, rounded up. */
function human(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T']
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024
  return `${value >= 10 || unit === 0 ? Math.ceil(value) : (Math.ceil(value * 10) / 10).toFixed(1)}${units[unit]}`
}

const lines = (...text: string[]) => ({ out: text.map((line) => `${line}\n`).join('') })
const fail = (name: string, text: string, code = 1): Result => ({ err: `${name}: ${text}\n`, code })

/** Short options as a set of letters, long ones as words; and the operands. */
function options(args: string[]): { flags: Set<string>; operands: string[] } {
  const flags = new Set<string>()
  const operands: string[] = []
  for (const arg of args) {
    if (arg.startsWith('--') && arg.length > 2) flags.add(arg.slice(2))
    else if (/^-[A-Za-z]/.test(arg)) for (const letter of arg.slice(1)) flags.add(letter)
    else operands.push(arg)
  }
  return { flags, operands }
}

/** `-n 5`, `-n5` and `-5`. */
function countOption(args: string[], fallback: number): { count: number; operands: string[] } {
  const operands: string[] = []
  let count = fallback
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    const inline = /^-n?(\d+)$/.exec(arg)
    if (inline) count = Number(inline[1])
    else if (arg === '-n' || arg === '-c') count = Number(args[(index += 1)]) || 0
    else if (!arg.startsWith('-')) operands.push(arg)
  }
  return { count, operands }
}

export const mayWrite = (user: string, path: string) =>
  user === 'root' || path === homeOf(user) || path.startsWith(`${homeOf(user)}/`) || path === '/tmp' || path.startsWith('/tmp/')

/** Runs `each` over operands or the standard input, collecting what cannot be read. */
function readAll({ system, name, cwd, stdin }: Invocation, operands: string[]): { texts: { file: string; text: string }[]; err: string } {
  if (operands.length === 0) return { texts: [{ file: '-', text: stdin }], err: '' }
  let err = ''
  const texts: { file: string; text: string }[] = []
  for (const file of operands) {
    const path = resolvePath(cwd, file)
    const text = system.files.read(path)
    if (text !== undefined) texts.push({ file, text })
    else err += `${name}: ${file}: ${fileErrorText[system.files.isDirectory(path) ? 'EISDIR' : 'ENOENT']}\n`
  }
  return { texts, err }
}

const monthDay = (ms: number) => {
  const date = new Date(ms)
  const month = date.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })
  return `${month} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 16)}`
}
export const longDate = (ms: number) => {
  const date = new Date(ms)
  const part = (style: Intl.DateTimeFormatOptions) => date.toLocaleString('en-US', { ...style, timeZone: 'UTC' })
  return `${part({ weekday: 'short' })} ${part({ month: 'short' })} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)} UTC ${date.getUTCFullYear()}`
}
const ago = (ms: number) => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds}s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}

function uptimeLine({ system }: Invocation): string {
  const { clock, bootedAtMs, logins } = system
  const minutes = Math.max(0, Math.floor((clock.now() - bootedAtMs) / 60_000))
  const days = Math.floor(minutes / 1440)
  const clockPart =
    minutes % 1440 < 60 ? `${minutes % 1440} min` : `${Math.floor((minutes % 1440) / 60)}:${String(minutes % 60).padStart(2, '0')}`
  const up = days > 0 ? `${days} day${days > 1 ? 's' : ''}, ${clockPart}` : clockPart
  const people = `${logins.size} user${logins.size === 1 ? '' : 's'}`
  return ` ${new Date(clock.now()).toISOString().slice(11, 19)} up ${up},  ${people},  load average: 0.08, 0.03, 0.01`
}

const fileSize = (system: System, path: string) =>
  path.startsWith('/usr/') || path.startsWith('/boot/') ? 137_704 : (system.files.read(path)?.length ?? 4096)

function longEntry({ system }: Invocation, path: string, name: string): string {
  const directory = system.files.isDirectory(path)
  const mode = directory ? 'drwxr-xr-x' : path.startsWith('/usr/') ? '-rwxr-xr-x' : '-rw-r--r--'
  const owner = /^\/home\/([^/]+)/.exec(path)?.[1] ?? 'root'
  const size = directory ? 4096 : fileSize(system, path)
  return `${mode} 1 ${owner} ${owner} ${String(size).padStart(7)} ${monthDay(system.bootedAtMs)} ${name}`
}

const ls: Program = (invocation) => {
  const { system, args, cwd } = invocation
  const { flags, operands } = options(args)
  const asked = operands.length > 0 ? operands : ['.']
  let err = ''
  const parts: string[] = []
  for (const operand of asked) {
    const path = resolvePath(cwd, operand)
    const { files } = system
    if (!files.isFile(path) && !files.isDirectory(path)) {
      err += `ls: cannot access '${operand}': No such file or directory\n`
      continue
    }
    if (files.isFile(path) || flags.has('d')) {
      parts.push(flags.has('l') ? `${longEntry(invocation, path, operand)}\n` : `${operand}\n`)
      continue
    }
    const names = files.list(path).filter((name) => flags.has('a') || flags.has('A') || !name.startsWith('.'))
    const title = asked.length > 1 ? `${operand}:\n` : ''
    if (flags.has('l')) {
      const entries = names.map((name) => `${longEntry(invocation, resolvePath(path, name), name)}\n`)
      parts.push(`${title}total ${names.length * 4}\n${entries.join('')}`)
    } else {
      parts.push(title + (names.length === 0 ? '' : flags.has('1') ? `${names.join('\n')}\n` : `${names.join('  ')}\n`))
    }
  }
  return { out: parts.join(asked.length > 1 ? '\n' : ''), err, code: err ? 2 : 0 }
}

const rm: Program = ({ system, args, cwd, user }) => {
  const { flags, operands } = options(args)
  const recursive = flags.has('r') || flags.has('R') || flags.has('recursive')
  const force = flags.has('f') || flags.has('force')
  if (operands.length === 0) return force ? {} : fail('rm', 'missing operand')
  let err = ''
  for (const operand of operands) {
    const path = resolvePath(cwd, operand)
    const cannot = (why: string) => {
      err += `rm: cannot remove '${operand}': ${why}\n`
    }
    if (path === '/' && !flags.has('no-preserve-root')) {
      err += "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n"
    } else if (!system.files.isFile(path) && !system.files.isDirectory(path)) {
      if (!force) cannot('No such file or directory')
    } else if (system.files.isDirectory(path) && !recursive) cannot('Is a directory')
    else if (/^\/(?:proc|sys|dev)(?:\/|$)/.test(path)) cannot('Operation not permitted')
    else if (!mayWrite(user, parentOf(path)) && path !== '/') cannot('Permission denied')
    else if (path === '/' && user !== 'root') cannot('Permission denied')
    else system.files.remove(path)
  }
  return { err, code: err ? 1 : 0 }
}

function copy(kind: 'cp' | 'mv'): Program {
  return ({ system, args, cwd, user }) => {
    const { operands } = options(args)
    const [from, to] = operands
    if (from === undefined || to === undefined) return fail(kind, 'missing file operand')
    const source = resolvePath(cwd, from)
    const content = system.files.read(source)
    if (content === undefined) return fail(kind, `cannot stat '${from}': No such file or directory`)
    const target = system.files.isDirectory(resolvePath(cwd, to)) ? resolvePath(cwd, `${to}/${baseName(source)}`) : resolvePath(cwd, to)
    if (!mayWrite(user, target) || (kind === 'mv' && !mayWrite(user, source))) return fail(kind, `cannot create '${to}': Permission denied`)
    const problem = system.files.write(target, content)
    if (problem) return fail(kind, `cannot create '${to}': ${fileErrorText[problem]}`)
    if (kind === 'mv') system.files.remove(source)
    return {}
  }
}

const mkdir: Program = ({ system, args, cwd, user }) => {
  const { flags, operands } = options(args)
  let err = ''
  for (const operand of operands) {
    const path = resolvePath(cwd, operand)
    const chain = flags.has('p')
      ? path
          .split('/')
          .slice(1)
          .map((_, index, all) => `/${all.slice(0, index + 1).join('/')}`)
      : [path]
    for (const step of chain) {
      if (flags.has('p') && system.files.isDirectory(step)) continue
      const problem = mayWrite(user, step) ? system.files.makeDirectory(step) : undefined
      if (!mayWrite(user, step)) err += `mkdir: cannot create directory '${operand}': Permission denied\n`
      else if (problem) err += `mkdir: cannot create directory '${operand}': ${fileErrorText[problem]}\n`
    }
  }
  return { err, code: err ? 1 : 0 }
}

const touch: Program = ({ system, args, cwd, user }) => {
  let err = ''
  for (const operand of options(args).operands) {
    const path = resolvePath(cwd, operand)
    if (system.files.isFile(path) || system.files.isDirectory(path)) continue
    const problem = mayWrite(user, path) ? system.files.write(path, '') : undefined
    if (!mayWrite(user, path)) err += `touch: cannot touch '${operand}': Permission denied\n`
    else if (problem) err += `touch: cannot touch '${operand}': ${fileErrorText[problem]}\n`
  }
  return { err, code: err ? 1 : 0 }
}

const systemctl: Program = ({ system, args, user }) => {
  const { operands } = options(args)
  const [verb = 'list-units', unit = ''] = operands
  const now = system.clock.now()
  if (verb === 'reboot' || verb === 'poweroff' || verb === 'halt')
    return powerProgram(verb === 'reboot' ? 'reboot' : 'poweroff', user, system)
  if (verb === 'list-units' || (verb === 'status' && !unit)) {
    const rows = [...system.services.values()].map(
      ({ name, title, state }) =>
        `  ${`${name}.service`.padEnd(30)} loaded ${state.padEnd(8)} ${(state === 'active' ? 'running' : state === 'failed' ? 'failed' : 'dead').padEnd(8)} ${title}`,
    )
    return lines(`  ${'UNIT'.padEnd(30)} LOAD   ACTIVE   SUB      DESCRIPTION`, ...rows)
  }
  const service = system.services.get(unit.replace(/\.service$/, ''))
  if (!service) return { err: `Unit ${unit.replace(/(?:\.service)?$/, '.service')} could not be found.\n`, code: 4 }
  const { name, title } = service
  if (verb === 'is-active') return { out: `${service.state}\n`, code: service.state === 'active' ? 0 : 3 }
  if (verb === 'status') {
    const mark = { active: '\x1b[1;32m●\x1b[0m', inactive: '○', failed: '\x1b[1;31m●\x1b[0m' }[service.state]
    const state = {
      active: '\x1b[1;32mactive (running)\x1b[0m',
      inactive: 'inactive (dead)',
      failed: '\x1b[1;31mfailed\x1b[0m (Result: exit-code)',
    }[service.state]
    const since = `since ${longDate(service.sinceMs)}; ${ago(now - service.sinceMs)}`
    const log: string[] = []
    if (name === 'nginx' && service.state === 'failed')
      log.push('', 'nginx: [emerg] open() "/etc/nginx/nginx.conf" failed (2: No such file or directory)')
    if (name === 'nginx' && service.state === 'active' && !system.files.isFile('/srv/www/index.html')) {
      log.push('', 'nginx: [error] open() "/srv/www/index.html" failed (2: No such file or directory)')
    }
    return {
      ...lines(
        `${mark} ${name}.service - ${title}`,
        `     Loaded: loaded (/usr/lib/systemd/system/${name}.service; enabled; preset: enabled)`,
        `     Active: ${state} ${since}`,
        ...log,
      ),
      code: service.state === 'active' ? 0 : 3,
    }
  }
  if (!['start', 'stop', 'restart', 'reload'].includes(verb)) return fail('systemctl', `Unknown command verb '${verb}'.`)
  if (user !== 'root') return fail('systemctl', `Failed to ${verb} ${name}.service: Access denied (try sudo)`)
  const starts = name !== 'nginx' || nginxStarts(system.files)
  service.sinceMs = now
  service.state = verb === 'stop' ? 'inactive' : starts ? 'active' : 'failed'
  if (service.state !== 'failed') return {}
  return {
    err: `Job for ${name}.service failed because the control process exited with error code.\nSee "systemctl status ${name}.service" and "journalctl -xeu ${name}.service" for details.\n`,
    code: 1,
  }
}

function powerProgram(action: 'poweroff' | 'reboot', user: string, system: System): Result {
  if (user !== 'root') return fail(action, 'Operation not permitted (try sudo)')
  system.power(action)
  // The program does not come back: the terminals go away.
  return { run: () => ({ interrupt() {} }) }
}

const curl: Program = ({ system, args }) => {
  const { flags, operands } = options(args)
  const url = operands[0]
  if (!url) return fail('curl', '(2) no URL specified', 2)
  const parsed = /^(?:https?:\/\/)?([^/:]+)(?::(\d+))?(\/.*)?$/.exec(url)
  const host = parsed?.[1] ?? url
  const own = [system.hostname, 'localhost', '127.0.0.1', ...system.facts.ips]
  if (!own.includes(host)) return fail('curl', `(6) Could not resolve host: ${host}`, 6)
  if (Number(parsed?.[2] ?? 80) !== 80 || system.services.get('nginx')?.state !== 'active') {
    return fail('curl', `(7) Failed to connect to ${host} port ${parsed?.[2] ?? 80} after 0 ms: Connection refused`, 7)
  }
  const path = parsed?.[3] ?? '/'
  const page = system.files.read(`/srv/www${path.endsWith('/') ? `${path}index.html` : path}`)
  const status = page === undefined ? '404 Not Found' : '200 OK'
  const head = flags.has('I') || flags.has('i') ? `HTTP/1.1 ${status}\nServer: nginx\nContent-Type: text/html\n\n` : ''
  if (flags.has('f') && page === undefined) return fail('curl', '(22) The requested URL returned error: 404', 22)
  const body =
    page ??
    '<html>\n<head><title>404 Not Found</title></head>\n<body>\n<center><h1>404 Not Found</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n'
  return { out: head + (flags.has('I') ? '' : body) }
}

const processes = (system: System): [pid: number, tty: string, user: string, command: string][] => {
  const { sshService, cronService } = distributionOf(system.facts)
  const running = [...system.services.values()].filter(({ state }) => state === 'active')
  const pids: Record<string, number> = { 'qemu-guest-agent': 602, [sshService]: 688, [cronService]: 611, nginx: 731, dbus: 588 }
  return [
    [1, '?', 'root', '/sbin/init'],
    [2, '?', 'root', '[kthreadd]'],
    [16, '?', 'root', '[rcu_preempt]'],
    [312, '?', 'root', '/usr/lib/systemd/systemd-journald'],
    ...running.map(({ name }): [number, string, string, string] => [
      pids[name] ?? 650,
      '?',
      'root',
      name === 'nginx' ? 'nginx: master process /usr/sbin/nginx' : `/usr/sbin/${name}`,
    ]),
    ...[...system.logins].map(([tty, { user }], index): [number, string, string, string] => [1204 + index * 7, tty, user, '-bash']),
  ]
}

function topScreen(invocation: Invocation): string {
  const { system } = invocation
  const totalMiB = system.facts.memoryBytes / 2 ** 20
  const tasks = processes(system)
  const rows = tasks.map(
    ([pid, , user, command], index) =>
      `${String(pid).padStart(7)} ${user.padEnd(9)} 20   0 ${String(12_000 + ((pid * 977) % 90_000)).padStart(7)} ${String(4000 + ((pid * 331) % 9000)).padStart(6)}   3212 S   ${index === 0 ? '0.3' : '0.0'}   0.${(pid % 9) + 1}   0:0${pid % 10}.${String(pid % 90).padStart(2, '0')} ${command.replace(/^.*\//, '')}`,
  )
  return [
    `top -${uptimeLine(invocation)}`,
    `Tasks: ${String(tasks.length + 83).padStart(3)} total,   1 running, ${String(tasks.length + 82).padStart(3)} sleeping,   0 stopped,   0 zombie`,
    '%Cpu(s):  0.3 us,  0.3 sy,  0.0 ni, 99.3 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st',
    `MiB Mem : ${totalMiB.toFixed(1).padStart(8)} total, ${(totalMiB * 0.72).toFixed(1).padStart(8)} free, ${(totalMiB * 0.11).toFixed(1).padStart(8)} used, ${(totalMiB * 0.17).toFixed(1).padStart(8)} buff/cache`,
    '',
    '\x1b[7m    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\x1b[0m',
    ...rows,
  ].join('\r\n')
}

const top: Program = (invocation) => {
  if (options(invocation.args).flags.has('b'))
    return {
      out: `${topScreen(invocation)
        .replaceAll('\r', '')
        // oxlint-disable-next-line no-control-regex -- a terminal speaks in control characters
        .replaceAll(/\x1b\[\d*m/g, '')}\n`,
    }
  return {
    run({ write, done }) {
      const { clock } = invocation.system
      let timer = clock.after(0, function paint() {
        write(`\x1b[H\x1b[2J${topScreen(invocation)}\r\n`)
        timer = clock.after(3000, paint)
      })
      const quit = () => {
        timer.cancel()
        done(0)
      }
      return { interrupt: quit, key: (character) => character === 'q' && quit() }
    },
  }
}

const ping: Program = ({ system, args }) => {
  const { count, operands } = countOption(args, Number.POSITIVE_INFINITY)
  const host = operands[0]
  if (!host) return fail('ping', 'usage error: Destination address required', 2)
  if (!/^[\d.]+$/.test(host) && host !== 'localhost' && host !== system.hostname)
    return fail('ping', `${host}: Name or service not known`, 2)
  const address = /^[\d.]+$/.test(host) ? host : '127.0.0.1'
  return {
    run({ write, done }) {
      let sequence = 0
      write(`PING ${host} (${address}) 56(84) bytes of data.\n`)
      const finish = () => {
        timer.cancel()
        write(`\n--- ${host} ping statistics ---\n${sequence} packets transmitted, ${sequence} received, 0% packet loss\n`)
        done(0)
      }
      let timer = system.clock.after(20, function send() {
        sequence += 1
        write(`64 bytes from ${address}: icmp_seq=${sequence} ttl=64 time=0.${String(30 + ((sequence * 37) % 60)).padStart(3, '0')} ms\n`)
        if (sequence >= count) finish()
        else timer = system.clock.after(1000, send)
      })
      return { interrupt: finish }
    },
  }
}

const sleep: Program = ({ system, args }) => {
  const seconds = Number(args[0])
  if (!(seconds >= 0)) return fail('sleep', `invalid time interval '${args[0] ?? ''}'`)
  return {
    run({ done }) {
      const timer = system.clock.after(seconds * 1000, () => done(0))
      return {
        interrupt() {
          timer.cancel()
          done(130)
        },
      }
    },
  }
}

const selectLines =
  (pick: (all: string[], count: number) => string[]): Program =>
  (invocation) => {
    const { count, operands } = countOption(invocation.args, 10)
    const { texts, err } = readAll(invocation, operands)
    const out = texts.map(({ text }) => pick(text.replace(/\n$/, '').split('\n'), count).join('\n')).join('\n')
    return { out: out ? `${out}\n` : '', err, code: err ? 1 : 0 }
  }

const grep: Program = (invocation) => {
  const { flags, operands } = options(invocation.args)
  const [pattern, ...files] = operands
  if (pattern === undefined) return fail('grep', 'usage: grep [-inv] PATTERN [FILE]...', 2)
  const { texts, err } = readAll(invocation, files)
  // Fixed strings: the guest's input never becomes a regular expression of ours.
  const fold = (text: string) => (flags.has('i') ? text.toLowerCase() : text)
  const found = texts.flatMap(({ file, text }) =>
    text
      .replace(/\n$/, '')
      .split('\n')
      .map((line, index) => ({ line, number: index + 1 }))
      .filter(({ line }) => fold(line).includes(fold(pattern)) !== flags.has('v'))
      .map(({ line, number }) => `${files.length > 1 ? `${file}:` : ''}${flags.has('n') ? `${number}:` : ''}${line}`),
  )
  return { out: found.map((line) => `${line}\n`).join(''), err, code: found.length > 0 ? 0 : 1 }
}

const find: Program = ({ system, args, cwd }) => {
  const root = args[0] && !args[0].startsWith('-') ? args[0] : '.'
  const wanted = args[args.indexOf('-name') + 1]
  const matches = args.includes('-name') && wanted ? globMatcher(wanted) : () => true
  const out: string[] = []
  const walk = (path: string, shown: string) => {
    if (matches(baseName(path) || '/')) out.push(shown)
    if (system.files.isDirectory(path))
      for (const name of system.files.list(path)) walk(resolvePath(path, name), `${shown.replace(/\/$/, '')}/${name}`)
  }
  const start = resolvePath(cwd, root)
  if (!system.files.isDirectory(start) && !system.files.isFile(start)) return fail('find', `'${root}': No such file or directory`)
  walk(start, root)
  return lines(...out)
}

/** Shell patterns of one path segment: `*` and `?`. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  const expression = new RegExp(`^${source}$`)
  return (name) => expression.test(name)
}

const wholeText =
  (of: (invocation: Invocation) => string): Program =>
  (invocation) => ({ out: `${of(invocation)}\n` })

export const programTable: Record<Exclude<(typeof programs)[number], 'sudo' | 'su' | 'bash'>, Program> = {
  cat: (invocation) => {
    const { texts, err } = readAll(invocation, options(invocation.args).operands)
    return { out: texts.map(({ text }) => text).join(''), err, code: err ? 1 : 0 }
  },
  clear: () => ({ out: '\x1b[H\x1b[2J' }),
  cp: copy('cp'),
  curl,
  date: wholeText(({ system }) => longDate(system.clock.now())),
  df: ({ system }) =>
    lines(
      'Filesystem      Size  Used Avail Use% Mounted on',
      ...system.facts.disks.map(({ device, sizeBytes, usedBytes, mountPoint }) => {
        const columns = [sizeBytes, usedBytes, sizeBytes - usedBytes].map((bytes) => human(bytes).padStart(5))
        return `${`/dev/${device}`.padEnd(14)} ${columns.join(' ')} ${`${Math.ceil((100 * usedBytes) / sizeBytes)}%`.padStart(4)} ${mountPoint}`
      }),
      'tmpfs           2.0G     0  2.0G   0% /dev/shm',
      '/dev/vda15      105M  6.1M   99M   6% /boot/efi',
    ),
  dmesg: ({ system }) => lines(...system.kernelLog),
  du: ({ args }) => lines(`2.4G\t${options(args).operands[0] ?? '.'}`),
  env: wholeText(
    ({ user, cwd }) =>
      `SHELL=/bin/bash\nPWD=${cwd}\nLOGNAME=${user}\nHOME=${homeOf(user)}\nLANG=C.UTF-8\nUSER=${user}\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin`,
  ),
  find,
  free: ({ system, args }) => {
    const unit = options(args).flags.has('h') ? 2 ** 30 : options(args).flags.has('m') ? 2 ** 20 : 1024
    const suffix = unit === 2 ** 30 ? 'Gi' : ''
    const show = (share: number) => {
      const value = (system.facts.memoryBytes * share) / unit
      return (suffix ? `${value.toFixed(1)}${suffix}` : String(Math.round(value))).padStart(11)
    }
    return lines(
      '               total        used        free      shared  buff/cache   available',
      `Mem:     ${show(1)} ${show(0.11)} ${show(0.72)} ${show(0.001)} ${show(0.17)} ${show(0.86)}`,
      `Swap:    ${show(0)} ${show(0)} ${show(0)}`,
    )
  },
  grep,
  head: selectLines((all, count) => all.slice(0, count)),
  hostname: ({ system, args }) => (options(args).flags.has('I') ? lines(`${system.facts.ips.join(' ')} `) : lines(system.hostname)),
  hostnamectl: ({ system }) =>
    lines(
      ` Static hostname: ${system.hostname}`,
      '       Icon name: computer-vm',
      '         Chassis: vm',
      '  Virtualization: kvm',
      `Operating System: ${system.facts.osName}`,
      `          Kernel: Linux ${system.facts.kernel}`,
      '    Architecture: x86-64',
      ' Hardware Vendor: KubeVirt',
      '  Hardware Model: RHEL',
    ),
  id: ({ system, user, args }) => {
    const who = options(args).operands[0] ?? user
    const entry = system.files
      .read('/etc/passwd')
      ?.split('\n')
      .find((line) => line.startsWith(`${who}:`))
    const number = entry?.split(':')[2]
    if (number === undefined) return fail('id', `'${who}': no such user`)
    return lines(`uid=${number}(${who}) gid=${number}(${who}) groups=${number}(${who})${number === '0' ? '' : ',27(sudo)'}`)
  },
  ip: ({ system, args }) => {
    if (options(args).operands[0]?.startsWith('r'))
      return lines(
        'default via 10.0.2.1 dev enp1s0 proto dhcp src 10.0.2.2 metric 100',
        '10.0.2.0/24 dev enp1s0 proto kernel scope link src 10.0.2.2 metric 100',
      )
    const addresses = (name: string, ips: string[]) =>
      ips.map((ip) =>
        ip.includes(':')
          ? `    inet6 ${ip}/64 scope global`
          : `    inet ${ip}/24 metric 100 brd ${ip.replace(/\d+$/, '255')} scope global dynamic ${name}`,
      )
    return lines(
      '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000',
      '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
      '    inet 127.0.0.1/8 scope host lo',
      ...system.facts.nics.flatMap(({ name, mac, ips }, i) => [
        `${i + 2}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc fq_codel state UP group default qlen 1000`,
        `    link/ether ${mac} brd ff:ff:ff:ff:ff:ff`,
        ...addresses(name, ips),
      ]),
    )
  },
  journalctl: ({ system }) =>
    lines(
      ...system.kernelLog.map((line) => `${monthDay(system.bootedAtMs)} ${system.hostname} kernel: ${line.replace(/^\[[^\]]*\] /, '')}`),
    ),
  ls,
  lsb_release: ({ system }) => lines(`Description:\t${system.facts.osName}`),
  lsblk: ({ system }) =>
    lines(
      'NAME    MAJ:MIN RM  SIZE RO TYPE MOUNTPOINTS',
      ...system.facts.disks.flatMap(({ device, sizeBytes, mountPoint }, i) => [
        `${device.slice(0, -1).padEnd(7)} 252:${String(16 * i).padEnd(4)} 0 ${human(sizeBytes / 0.95).padStart(5)}  0 disk`,
        `${`└─${device}`.padEnd(7)} 252:${String(16 * i + 1).padEnd(4)} 0 ${human(sizeBytes).padStart(5)}  0 part ${mountPoint}`,
      ]),
    ),
  mkdir,
  mv: copy('mv'),
  nproc: ({ system }) => lines(String(system.facts.cpus)),
  ping,
  poweroff: ({ user, system }) => powerProgram('poweroff', user, system),
  ps: ({ system, args, tty }) => {
    const every = args.length > 0
    const shown = processes(system).filter(([, at]) => every || at === tty)
    return lines(
      '    PID TTY          TIME CMD',
      ...shown.map(
        ([pid, at, , command]) => `${String(pid).padStart(7)} ${at.padEnd(8)} 00:00:00 ${every ? command : command.replace(/^-/, '')}`,
      ),
    )
  },
  reboot: ({ user, system }) => powerProgram('reboot', user, system),
  rm,
  rmdir: ({ system, args, cwd, user }) => {
    let err = ''
    for (const operand of options(args).operands) {
      const path = resolvePath(cwd, operand)
      const problem = !system.files.isDirectory(path) ? 'ENOENT' : system.files.list(path).length > 0 ? 'ENOTEMPTY' : undefined
      if (problem) err += `rmdir: failed to remove '${operand}': ${fileErrorText[problem]}\n`
      else if (!mayWrite(user, parentOf(path))) err += `rmdir: failed to remove '${operand}': Permission denied\n`
      else system.files.remove(path)
    }
    return { err, code: err ? 1 : 0 }
  },
  shutdown: ({ args, user, system }) => powerProgram(args.includes('-r') ? 'reboot' : 'poweroff', user, system),
  sleep,
  sort: (invocation) => {
    const { flags, operands } = options(invocation.args)
    const { texts, err } = readAll(invocation, operands)
    const all = texts.flatMap(({ text }) => text.replace(/\n$/, '').split('\n')).sort()
    return { ...lines(...(flags.has('r') ? all.reverse() : all)), err, code: err ? 1 : 0 }
  },
  ss: ({ system }) =>
    lines(
      'State   Recv-Q  Send-Q   Local Address:Port   Peer Address:Port',
      'LISTEN  0       4096           0.0.0.0:22          0.0.0.0:*',
      ...(system.services.get('nginx')?.state === 'active' ? ['LISTEN  0       511            0.0.0.0:80          0.0.0.0:*'] : []),
    ),
  stat: ({ system, args, cwd }) => {
    const operand = options(args).operands[0] ?? ''
    const path = resolvePath(cwd, operand)
    if (!system.files.isFile(path) && !system.files.isDirectory(path))
      return fail('stat', `cannot statx '${operand}': No such file or directory`)
    return lines(
      `  File: ${operand}`,
      `  Size: ${fileSize(system, path)}\t${system.files.isDirectory(path) ? 'directory' : 'regular file'}`,
    )
  },
  sync: () => ({}),
  systemctl,
  tail: selectLines((all, count) => (count === 0 ? [] : all.slice(-count))),
  tee: ({ system, args, cwd, user, stdin }) => {
    const { flags, operands } = options(args)
    let err = ''
    for (const operand of operands) {
      const path = resolvePath(cwd, operand)
      const before = flags.has('a') ? (system.files.read(path) ?? '') : ''
      const problem = mayWrite(user, path) ? system.files.write(path, before + stdin) : undefined
      if (!mayWrite(user, path)) err += `tee: ${operand}: Permission denied\n`
      else if (problem) err += `tee: ${operand}: ${fileErrorText[problem]}\n`
    }
    return { out: stdin, err, code: err ? 1 : 0 }
  },
  top,
  touch,
  tty: wholeText(({ tty }) => `/dev/${tty}`),
  uname: ({ system, args }) => {
    const { flags } = options(args)
    const host = system.hostname
    if (flags.has('a')) return lines(`Linux ${host} ${system.facts.kernel} #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux`)
    const parts = [
      ...(flags.has('s') || flags.size === 0 ? ['Linux'] : []),
      ...(flags.has('n') ? [host] : []),
      ...(flags.has('r') ? [system.facts.kernel] : []),
      ...(flags.has('m') ? ['x86_64'] : []),
    ]
    return lines(parts.join(' '))
  },
  uptime: wholeText(uptimeLine),
  wc: (invocation) => {
    const { flags, operands } = options(invocation.args)
    const { texts, err } = readAll(invocation, operands)
    const rows = texts.map(({ file, text }) => {
      const counts = [text.split('\n').length - 1, text.split(/\s+/).filter(Boolean).length, Buffer.byteLength(text)]
      const shown = flags.has('l') ? counts.slice(0, 1) : flags.has('w') ? counts.slice(1, 2) : flags.has('c') ? counts.slice(2) : counts
      return `${shown.join(' ')}${file === '-' ? '' : ` ${file}`}`
    })
    return { ...lines(...rows), err, code: err ? 1 : 0 }
  },
  who: ({ system }) =>
    lines(
      ...[...system.logins].map(
        ([at, { user, sinceMs }]) => `${user.padEnd(8)} ${at.padEnd(12)} ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')}`,
      ),
    ),
  whoami: wholeText(({ user }) => user),
}
