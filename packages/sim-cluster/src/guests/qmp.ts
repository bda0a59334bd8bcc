// QEMU's Machine Protocol: commands and their answers, events in between, one JSON object per line.
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'

export type QmpEvent = { event: string; data?: Record<string, unknown> }

export type Qmp = {
  /** Rejects with QEMU's words, or when it is gone. */
  execute(command: string, parameters?: object): Promise<unknown>
}

type Reply = { id?: number; return?: unknown; error?: { class: string; desc: string } }

/** Greets a QEMU that has connected. Events come from then on. */
export async function speakQmp(socket: Socket, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let id = 0
  createInterface(socket).on('line', (line) => {
    const message = JSON.parse(line) as Reply & Partial<QmpEvent>
    if (message.event !== undefined) onEvent({ event: message.event, ...(message.data ? { data: message.data } : {}) })
    const call = message.id === undefined ? undefined : waiting.get(message.id)
    if (!call) return
    waiting.delete(message.id ?? 0)
    if (message.error) call.reject(new Error(`QEMU: ${message.error.desc}`))
    else call.resolve(message.return)
  })
  socket.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('QEMU has ended'))
    waiting.clear()
  })
  const execute: Qmp['execute'] = (command, parameters) =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) {
        reject(new Error('QEMU has ended'))
        return
      }
      id += 1
      waiting.set(id, { resolve, reject })
      socket.write(`${JSON.stringify({ execute: command, ...(parameters ? { arguments: parameters } : {}), id })}\n`)
    })
  await execute('qmp_capabilities')
  return { execute }
}
