// A small file that may change while the server runs: a mounted Secret, which is exchanged through symbolic links.
import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from '../config.ts'
import type { Logger } from '../logger.ts'

export type WatchedFile = Disposable

type Options = {
  file: string
  /** Takes the content; throws an Error with a sentence that says what is wrong with it, and changes nothing then. */
  apply(text: string): void
  everyMs: number
  log: Logger
}

/**
 * Applies the file now and whenever it has changed. Throws ConfigError when it cannot be used now; later, what it held
 * last stays in force, and the log says why.
 */
export function watchFile({ file, apply, everyMs, log }: Options): WatchedFile {
  let seen = ''
  const version = () => {
    const { mtimeMs, size, ino } = statSync(file)
    return `${mtimeMs} ${size} ${ino}`
  }
  const read = () => {
    const now = version()
    if (now === seen) return false
    seen = now
    apply(readFileSync(file, 'utf8'))
    return true
  }
  try {
    read()
  } catch (cause) {
    throw new ConfigError(`${file} cannot be used: ${(cause as Error).message}`, { cause })
  }
  let complaint = ''
  const timer = setInterval(() => {
    try {
      if (read()) log.info({ file }, 'the file was read again')
      complaint = ''
    } catch (error) {
      const { message } = error as Error
      if (message !== complaint) log.error({ file, cause: message }, 'the file cannot be used; what it held before stays in force')
      complaint = message
    }
  }, everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
