// Where audit lines end up: a pipe or file on stdout, or a file that rotates. None of them ever blocks the event loop.
import { constants, fstatSync, openSync } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { write } from 'node:fs'
import { promisify } from 'node:util'

export type Sink = {
  /**
   * Takes some of the bytes of whole lines, and says how many: none where there is no room at the moment. Rejects where
   * something is broken; what was not taken is offered again.
   */
  write(lines: readonly Buffer[]): Promise<number>
  close(): Promise<void>
}

const writeFd = promisify(write)

/** A pipe takes up to 4096 bytes as one, so that lines of the server's other log never come between. */
export function standardOutputSink(stdout = 1): Sink {
  const fd = withoutWaiting(stdout)
  return {
    async write([line = Buffer.alloc(0)]) {
      try {
        return (await writeFd(fd, line)).bytesWritten
      } catch (error) {
        if (isCode(error, 'EAGAIN')) return 0
        throw error
      }
    },
    close: () => Promise.resolve(),
  }
}

/** A pipe whose reader stopped must not hold a thread: its end is opened anew, without waiting, for us alone. */
function withoutWaiting(fd: number): number {
  try {
    if (fstatSync(fd).isFIFO()) return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // Not Linux, or it is closed: writing says what is the matter.
  }
  return fd
}

export type FileOptions = { file: string; maxFileBytes: number; maxFiles: number }

/** Appends to a file; before it would grow beyond its size, it becomes FILE.1, and the oldest of `maxFiles` goes. */
export function fileSink({ file, maxFileBytes, maxFiles }: FileOptions): Sink {
  let current: { handle: FileHandle; size: number } | undefined
  let atLineEnd = true

  const opened = async () => {
    if (current) return current
    const handle = await open(file, 'a', 0o600)
    current = { handle, size: (await handle.stat()).size }
    return current
  }
  const rotate = async () => {
    await current?.handle.datasync()
    await current?.handle.close()
    current = undefined
    await rm(`${file}.${maxFiles}`, { force: true })
    for (let index = maxFiles - 1; index >= 1; index -= 1) await renameIfThere(`${file}.${index}`, `${file}.${index + 1}`)
    if (maxFiles > 0) await renameIfThere(file, `${file}.1`)
    else await rm(file, { force: true })
  }

  return {
    async write(lines) {
      const bytes = Buffer.concat(lines)
      const { size } = await opened()
      if (atLineEnd && size > 0 && size + bytes.length > maxFileBytes) await rotate()
      const to = await opened()
      const { bytesWritten } = await to.handle.write(bytes)
      to.size += bytesWritten
      atLineEnd = bytesWritten === 0 ? atLineEnd : bytes[bytesWritten - 1] === 0x0a
      return bytesWritten
    },
    async close() {
      await current?.handle.datasync()
      await current?.handle.close()
      current = undefined
    },
  }
}

/** The files of a log that are there, oldest first. */
export async function rotatedFiles(file: string): Promise<string[]> {
  const files: string[] = []
  for (let index = 1; await exists(`${file}.${index}`); index += 1) files.unshift(`${file}.${index}`)
  return (await exists(file)) ? [...files, file] : files
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  if (await exists(from)) await rename(from, to)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
