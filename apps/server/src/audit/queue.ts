// Lines on their way to the sink: counted in bytes, kept while it does not take them, never waited for.
import type { Sink } from './sink.ts'

export type QueueHealth = { backlogBytes: number; failing: boolean; dropped: number }

export type Queue = {
  /** False where there was no room left for it. */
  push(line: Buffer): boolean
  health(): QueueHealth
  /** Resolves when everything so far was taken. */
  drained(): Promise<void>
  /** Gives the sink a last chance of `graceMs`, and closes it. */
  close(graceMs?: number): Promise<void>
}

const batchBytes = 256 * 1024
const retryMs = 100

export function createQueue(sink: Sink, { maxBytes, onFailure }: { maxBytes: number; onFailure(error: unknown): void }): Queue {
  const waiting: Buffer[] = []
  let backlogBytes = 0
  let dropped = 0
  let failing = false
  let running: Promise<void> | undefined
  let closing = false
  let wake: (() => void) | undefined

  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryMs)
      timer.unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const batch = () => {
    const lines: Buffer[] = []
    let size = 0
    // Of a long backlog only this much is looked at: a pipe takes it line by line.
    for (const line of waiting) {
      size += line.length
      if (size > batchBytes && lines.length > 0) break
      lines.push(line)
    }
    return lines
  }
  const taken = (bytes: number) => {
    backlogBytes -= bytes
    let left = bytes
    let whole = 0
    for (const line of waiting) {
      if (left < line.length) break
      left -= line.length
      whole += 1
    }
    waiting.splice(0, whole)
    const [cut] = waiting
    if (cut && left > 0) waiting[0] = cut.subarray(left)
  }
  const run = async () => {
    while (waiting.length > 0) {
      try {
        const bytes = await sink.write(batch())
        failing = false
        taken(bytes)
        if (bytes > 0) continue
      } catch (error) {
        if (!failing) onFailure(error)
        failing = true
      }
      if (closing) return
      await pause()
    }
  }
  const start = () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    push(line) {
      if (backlogBytes + line.length > maxBytes) {
        dropped += 1
        return false
      }
      waiting.push(line)
      backlogBytes += line.length
      void start()
      return true
    },
    health: () => ({ backlogBytes, failing, dropped }),
    async drained() {
      while (waiting.length > 0) await start()
    },
    async close(graceMs = 2_000) {
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs)
      })
      const emptied = async () => {
        while (waiting.length > 0 && !closing) await start()
        await running
      }
      await Promise.race([emptied(), patience])
      clearTimeout(timer)
      closing = true
      wake?.()
      await Promise.race([sink.close().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 500).unref())])
    },
  }
}
