// Reads lines from a terminal as readline does: editing keys, history, and no echo for passwords. Input that comes while
// nobody asks is kept for the next question.
// oxlint-disable no-control-regex -- a terminal speaks in control characters

export type LineEditor = {
  /** Characters as the terminal sends them. */
  feed(input: string): void
  /** Shows a prompt and reads one line; `onInterrupt` is Ctrl-C, `onEnd` is Ctrl-D on an empty line. */
  ask(question: Question): void
  /** Forgets the question and everything typed ahead. */
  reset(): void
  asking(): boolean
}

export type Question = {
  prompt: string
  echo: boolean
  history?: readonly string[]
  complete?(line: string): { line: string; choices?: string[] }
  onLine(line: string): void
  onInterrupt?(): void
  onEnd?(): void
}

const escapeSequence = /^\x1b(?:\[[0-9;]*[@-~]|O[A-Za-z]|$|\[[0-9;]*$|.)/

export function createLineEditor(options: {
  write(text: string): void
  /** Ctrl-C while a program runs, and nobody asks. */
  onInterrupt(): void
}): LineEditor {
  const { write } = options
  let question: Question | undefined
  let ahead = ''
  let line = ''
  let cursor = 0
  let historyIndex = 0
  let draft = ''

  const back = (count: number) => (count > 0 ? `\x1b[${count}D` : '')
  const forward = (count: number) => (count > 0 ? `\x1b[${count}C` : '')

  /** Puts a new text in place of the edited one. */
  const replace = (next: string, nextCursor: number) => {
    const shown = question?.echo
    if (shown) write(`${back(cursor)}\x1b[K${next}${back(next.length - nextCursor)}`)
    line = next
    cursor = nextCursor
  }
  const insert = (text: string) => {
    if (!question?.echo || cursor < line.length) {
      replace(line.slice(0, cursor) + text + line.slice(cursor), cursor + text.length)
      return
    }
    write(text)
    line += text
    cursor += text.length
  }
  const erase = (from: number, to: number) => {
    if (from < 0 || to > line.length || from === to) return
    if (question?.echo && to === cursor && to === line.length && to - from === 1) {
      write('\b \b')
      line = line.slice(0, from)
      cursor = from
      return
    }
    replace(line.slice(0, from) + line.slice(to), from)
  }
  const move = (to: number) => {
    if (to < 0 || to > line.length) return
    if (question?.echo) write(to < cursor ? back(cursor - to) : forward(to - cursor))
    cursor = to
  }
  const recall = (index: number) => {
    const history = question?.history ?? []
    if (index < 0 || index > history.length) return
    if (historyIndex === history.length) draft = line
    historyIndex = index
    const text = history[index] ?? draft
    replace(text, text.length)
  }
  const finish = (text: string): Question | undefined => {
    write(text)
    const finished = question
    question = undefined
    line = ''
    cursor = 0
    return finished
  }
  const complete = () => {
    const found = question?.complete?.(line.slice(0, cursor))
    if (!found) return
    if (found.choices) write(`\r\n${found.choices.join('  ')}\r\n${question?.prompt ?? ''}${line}${back(line.length - cursor)}`)
    else replace(found.line + line.slice(cursor), found.line.length)
  }
  const wordStart = () => {
    let at = cursor
    while (at > 0 && line[at - 1] === ' ') at -= 1
    while (at > 0 && line[at - 1] !== ' ') at -= 1
    return at
  }
  const sequence = (keys: string) => {
    const key = keys.replace(/^\x1b[[O]/, '')
    if (key === 'A') recall(historyIndex - 1)
    else if (key === 'B') recall(historyIndex + 1)
    else if (key === 'C') move(cursor + 1)
    else if (key === 'D') move(cursor - 1)
    else if (key === 'H' || key === '1~') move(0)
    else if (key === 'F' || key === '4~') move(line.length)
    else if (key === '3~') erase(cursor, Math.min(line.length, cursor + 1))
  }
  const control = (character: string) => {
    switch (character) {
      case '\r':
      case '\n':
        return finish('\r\n')
      case '\x7f':
      case '\b':
        erase(cursor - 1, cursor)
        return undefined
      case '\x01':
        move(0)
        return undefined
      case '\x05':
        move(line.length)
        return undefined
      case '\x0b':
        erase(cursor, line.length)
        return undefined
      case '\x15':
        erase(0, cursor)
        return undefined
      case '\x17':
        erase(wordStart(), cursor)
        return undefined
      case '\x10':
        recall(historyIndex - 1)
        return undefined
      case '\x0e':
        recall(historyIndex + 1)
        return undefined
      case '\x0c':
        write(`\x1b[H\x1b[2J${question?.prompt ?? ''}${question?.echo ? line : ''}${back(line.length - cursor)}`)
        return undefined
      case '\t':
        complete()
        return undefined
      default:
        return undefined
    }
  }
  const drain = () => {
    while (ahead.length > 0 && question) {
      const keys = ahead.startsWith('\x1b') ? (escapeSequence.exec(ahead)?.[0] ?? '\x1b') : undefined
      if (keys !== undefined) {
        // An unfinished sequence waits for its rest.
        if (keys === ahead && /^\x1b(?:\[[0-9;]*)?$/.test(keys)) return
        ahead = ahead.slice(keys.length)
        sequence(keys)
        continue
      }
      const character = String.fromCodePoint(ahead.codePointAt(0) ?? 0)
      ahead = ahead.slice(character.length)
      if (character === '\n' && lastWasReturn) {
        lastWasReturn = false
        continue
      }
      lastWasReturn = character === '\r'
      if (character === '\x03') {
        finish('^C\r\n')?.onInterrupt?.()
      } else if (character === '\x04') {
        if (line.length === 0) finish('')?.onEnd?.()
      } else if (character >= ' ' && character !== '\x7f') {
        if (line.length < 4096) insert(character)
      } else {
        const text = line
        control(character)?.onLine(text)
      }
    }
  }
  // A pasted CR LF is one line end.
  let lastWasReturn = false

  return {
    feed(input) {
      const interrupt = question ? -1 : input.lastIndexOf('\x03')
      if (interrupt >= 0) {
        ahead = input.slice(interrupt + 1)
        options.onInterrupt()
      } else ahead = (ahead + input).slice(-65_536)
      drain()
    },
    ask(next) {
      question = next
      line = ''
      cursor = 0
      historyIndex = next.history?.length ?? 0
      draft = ''
      write(next.prompt)
      drain()
    },
    reset() {
      question = undefined
      ahead = ''
      line = ''
      cursor = 0
    },
    asking: () => question !== undefined,
  }
}
