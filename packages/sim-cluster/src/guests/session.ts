// One terminal of a Linux guest: the login prompt, then a shell.
import { globMatcher, mayWrite, programTable, longDate, type Result, type Running } from './commands.ts'
import { fileErrorText, resolvePath } from './filesystem.ts'
import { createLineEditor } from './line-editor.ts'
import { distributionOf, homeOf } from './linux-image.ts'
import { parseLine, ShellSyntaxError, type Command, type Pipeline } from './shell-parser.ts'
import type { System } from './system.ts'

const loginDelayMs = 2000
const builtins = ['cd', 'echo', 'exit', 'export', 'false', 'help', 'history', 'logout', 'pwd', 'true', 'type']

export type Session = {
  input(text: string): void
  /** Shows the login prompt. */
  start(): void
  /** Ends the shell and whatever runs in it. */
  hangUp(): void
}

type Shell = { user: string; cwd: string; history: string[]; variables: Map<string, string>; status: number; parent?: Shell }

export function createSession({ system, tty, write: rawWrite }: { system: System; tty: string; write(text: string): void }): Session {
  const distribution = distributionOf(system.facts)
  // The tty's ONLCR.
  const write = (text: string) => rawWrite(text.replaceAll(/\r?\n/g, '\r\n'))
  let running: Running | undefined
  let waiting: { cancel(): void } | undefined
  let shell: Shell | undefined
  const editor = createLineEditor({ write: rawWrite, onInterrupt: () => interrupt() })

  function interrupt() {
    if (!running) return
    write('^C\n')
    running.interrupt()
  }

  function login() {
    const host = system.hostname
    editor.ask({
      prompt: `${host} login: `,
      echo: true,
      onLine: (name) => (name.trim() ? askPassword(name.trim()) : login()),
      onInterrupt: login,
      onEnd: greet,
    })
  }
  function greet() {
    write(`\n${system.facts.osName} ${system.hostname} ${tty}\n\n`)
    login()
  }
  function askPassword(name: string) {
    editor.ask({
      prompt: 'Password: ',
      echo: false,
      onLine: (password) => {
        const account = system.facts.users.find((user) => user.name === name)
        if (account?.password && account.password === password) {
          waiting = system.clock.after(200, () => enter(name))
          return
        }
        waiting = system.clock.after(loginDelayMs, () => {
          write('\nLogin incorrect\n')
          login()
        })
      },
      onInterrupt: login,
      onEnd: login,
    })
  }
  function enter(user: string) {
    const now = system.clock.now()
    system.logins.set(tty, { user, sinceMs: now })
    write(`Welcome to ${system.facts.osName} (GNU/Linux ${system.facts.kernel} x86_64)\n\nLast login: ${longDate(now)} on ${tty}\n`)
    shell = newShell(user, homeOf(user))
    prompt()
  }
  function newShell(user: string, cwd: string, parent?: Shell): Shell {
    return { user, cwd, history: [], variables: new Map(), status: 0, ...(parent ? { parent } : {}) }
  }
  function leave() {
    const parent = shell?.parent
    shell = parent
    if (parent) {
      write('exit\n')
      prompt()
      return
    }
    write('logout\n')
    system.logins.delete(tty)
    greet()
  }

  function prompt() {
    const current = shell
    if (!current) return
    const { user, cwd } = current
    const home = homeOf(user)
    const directory = cwd === home ? '~' : cwd.startsWith(`${home}/`) ? `~${cwd.slice(home.length)}` : cwd
    editor.ask({
      prompt: distribution.prompt({ user, host: system.hostname, directory }),
      echo: true,
      history: current.history,
      complete: (line) => complete(current, line),
      onLine(line) {
        if (line.trim() && current.history.at(-1) !== line) current.history.push(line)
        execute(current, line)
      },
      onInterrupt() {
        current.status = 130
        prompt()
      },
      onEnd: leave,
    })
  }

  function complete(current: Shell, line: string): { line: string; choices?: string[] } {
    const word = /[^\s]*$/.exec(line)?.[0] ?? ''
    const head = line.slice(0, line.length - word.length)
    let candidates: string[]
    if (!head.trim() && !word.includes('/')) {
      candidates = [...Object.keys(programTable), ...builtins, 'sudo'].filter((name) => name.startsWith(word)).sort()
    } else {
      const slash = word.lastIndexOf('/') + 1
      const directory = word.slice(0, slash)
      const place = resolvePath(current.cwd, directory.replace(/^~/, homeOf(current.user)) || '.')
      if (!system.files.isDirectory(place)) return { line }
      candidates = system.files
        .list(place)
        .filter((name) => name.startsWith(word.slice(slash)))
        .map((name) => directory + name + (system.files.isDirectory(resolvePath(place, name)) ? '/' : ''))
    }
    const [first] = candidates
    if (first === undefined) return { line }
    if (candidates.length === 1) return { line: head + first + (first.endsWith('/') ? '' : ' ') }
    let shared = first
    for (const candidate of candidates) while (!candidate.startsWith(shared)) shared = shared.slice(0, -1)
    return shared.length > word.length ? { line: head + shared } : { line, choices: candidates }
  }

  function execute(current: Shell, line: string) {
    let pipelines: Pipeline[]
    try {
      pipelines = parseLine(line, {
        home: homeOf(current.user),
        variable: (name) => variable(current, name),
        expand: (pattern) => expand(current, pattern),
      })
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error
      write(`-bash: ${error.message}\n`)
      current.status = 2
      prompt()
      return
    }
    runPipelines(current, pipelines, 0)
  }
  function variable(current: Shell, name: string): string {
    if (name === '?') return String(current.status)
    const set = current.variables.get(name)
    if (set !== undefined) return set
    const known: Record<string, string> = {
      HOME: homeOf(current.user),
      USER: current.user,
      PWD: current.cwd,
      SHELL: '/bin/bash',
      HOSTNAME: system.hostname,
    }
    return known[name] ?? ''
  }
  function expand(current: Shell, pattern: string): string[] {
    const absolute = pattern.startsWith('/')
    let found = [absolute ? '/' : '']
    for (const segment of pattern.split('/').filter(Boolean)) {
      const next: string[] = []
      for (const base of found) {
        const join = (name: string) => (base === '' ? name : base.endsWith('/') ? base + name : `${base}/${name}`)
        const place = resolvePath(current.cwd, base || '.')
        if (!/[*?]/.test(segment)) next.push(join(segment))
        else {
          const matches = globMatcher(segment)
          next.push(
            ...system.files
              .list(place)
              .filter((name) => matches(name) && (segment.startsWith('.') || !name.startsWith('.')))
              .map(join),
          )
        }
      }
      found = next
    }
    return found.length > 0 ? found : [pattern]
  }

  function runPipelines(current: Shell, pipelines: Pipeline[], from: number) {
    for (let index = from; index < pipelines.length; index += 1) {
      const pipeline = pipelines[index]
      if (!pipeline || (pipeline.when === 'success' && current.status !== 0) || (pipeline.when === 'failure' && current.status === 0))
        continue
      const program = runPipeline(current, pipeline)
      if (program) {
        let finished = false
        const started = program({
          write,
          done(code) {
            finished = true
            running = undefined
            current.status = code
            runPipelines(current, pipelines, index + 1)
          },
        })
        if (!finished) running = started
        return
      }
    }
    if (shell) prompt()
  }
  /** Runs a pipeline to its end, or returns the program that takes its time. */
  function runPipeline(current: Shell, { commands }: Pipeline) {
    let stdin = ''
    for (const [index, command] of commands.entries()) {
      const last = index === commands.length - 1
      const result = runCommand(current, command, stdin)
      if ('run' in result) return result.run
      current.status = result.code ?? 0
      stdin = redirect(current, command, result)
      if (last) write(stdin)
    }
    return undefined
  }
  function redirect(current: Shell, { redirects }: Command, result: { out?: string; err?: string }): string {
    let { out = '', err = '' } = result
    for (const { operator, target } of redirects) {
      if (operator === '<') continue
      const path = resolvePath(current.cwd, target)
      const content = operator === '2>' ? err : out
      if (operator === '2>') err = ''
      else out = ''
      if (path === '/dev/null') continue
      const problem = mayWrite(current.user, path)
        ? system.files.write(path, (operator === '>>' ? (system.files.read(path) ?? '') : '') + content)
        : undefined
      if (!mayWrite(current.user, path)) err += `-bash: ${target}: Permission denied\n`
      else if (problem) err += `-bash: ${target}: ${fileErrorText[problem]}\n`
      if (err) current.status = 1
    }
    if (err) write(err)
    return out
  }
  function runCommand(current: Shell, command: Command, piped: string): Result {
    const [first, ...rest] = command.words
    let stdin = piped
    for (const { operator, target } of command.redirects) {
      if (operator !== '<') continue
      const content = system.files.read(resolvePath(current.cwd, target))
      if (content === undefined) return { err: `-bash: ${target}: No such file or directory\n`, code: 1 }
      stdin = content
    }
    if (first === undefined) return {}
    const assignment = /^(\w+)=(.*)$/s.exec(first)
    if (assignment && rest.length === 0) {
      current.variables.set(assignment[1] ?? '', assignment[2] ?? '')
      return {}
    }
    return call(current, first, rest, stdin, current.user)
  }
  function call(current: Shell, name: string, args: string[], stdin: string, user: string): Result {
    switch (name) {
      case 'cd': {
        const target = resolvePath(current.cwd, args[0] ?? homeOf(user))
        if (!system.files.isDirectory(target)) {
          const why = system.files.isFile(target) ? 'Not a directory' : 'No such file or directory'
          return { err: `-bash: cd: ${args[0]}: ${why}\n`, code: 1 }
        }
        current.cwd = target
        return {}
      }
      case 'pwd':
        return { out: `${current.cwd}\n` }
      case 'echo': {
        const newline = args[0] !== '-n'
        return { out: (newline ? args : args.slice(1)).join(' ') + (newline ? '\n' : '') }
      }
      case 'true':
        return {}
      case 'false':
        return { code: 1 }
      case 'export':
        for (const arg of args) {
          const [key = '', ...value] = arg.split('=')
          current.variables.set(key, value.join('='))
        }
        return {}
      case 'history':
        return { out: current.history.map((line, index) => `${String(index + 1).padStart(5)}  ${line}\n`).join('') }
      case 'type':
        return { out: args.map((arg) => `${arg} is ${builtins.includes(arg) ? 'a shell builtin' : `/usr/bin/${arg}`}\n`).join('') }
      case 'help':
        return {
          out: `This guest is simulated. Its shell knows:\n${[...Object.keys(programTable), ...builtins, 'su', 'sudo'].sort().join('  ')}\n`,
        }
      case 'exit':
      case 'logout':
        // Deferred: the rest of the line does not run.
        return { run: () => (leave(), { interrupt() {} }) }
      default:
    }
    const program = name.replace(/^(?:\/usr)?\/s?bin\//, '')
    const path = `/usr/bin/${program}`
    const known = program === 'sudo' || program === 'su' || program === 'bash' || Object.hasOwn(programTable, program)
    if (!known) {
      return { err: `${name.includes('/') ? `-bash: ${name}: No such file or directory` : `${program}: command not found`}\n`, code: 127 }
    }
    if (!system.files.isFile(path)) return { err: `-bash: ${path}: No such file or directory\n`, code: 127 }
    if (program === 'bash') return {}
    if (program === 'su') return user === 'root' ? become('root', homeOf('root')) : { err: 'su: Authentication failure\n', code: 1 }
    if (program === 'sudo') {
      const [inner, ...innerArgs] = args.filter((arg) => arg !== '-n' && arg !== '-E')
      if (inner === undefined) return { err: 'usage: sudo [-i] command\n', code: 1 }
      if (inner === '-i' || inner === '-s' || (inner === 'su' && !innerArgs.some((arg) => !arg.startsWith('-') && arg !== 'root'))) {
        return become('root', inner === '-s' ? current.cwd : '/root')
      }
      return call(current, inner, innerArgs, stdin, 'root')
    }
    const found = programTable[program as keyof typeof programTable]
    return found({ system, name: program, args, stdin, user, cwd: current.cwd, tty })
  }
  function become(user: string, cwd: string): Result {
    return {
      run() {
        shell = newShell(user, cwd, shell)
        prompt()
        return { interrupt() {} }
      },
    }
  }

  return {
    input(text) {
      if (running?.key && !text.includes('\x03')) running.key(text)
      else editor.feed(text)
    },
    start: greet,
    hangUp() {
      waiting?.cancel()
      const stopped = running
      running = undefined
      shell = undefined
      editor.reset()
      system.logins.delete(tty)
      // After everything is gone: its `done` finds no shell to go on with.
      stopped?.interrupt()
    },
  }
}
