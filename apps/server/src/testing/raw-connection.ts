// A client that writes bytes rather than requests.
import { connect, type Socket } from 'node:net'

export type RawConnection = {
  socket: Socket
  /** All that the server has said so far. */
  text(): string
  /** All that it said, once the connection is over. */
  closed: Promise<string>
}

export function openRaw(port: number, text = ''): RawConnection {
  let answer = ''
  const socket = connect(port, '127.0.0.1')
  if (text) socket.write(text)
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(answer)))
  return { socket, text: () => answer, closed }
}

/** Sends exactly this, and reads until the server hangs up. */
export const sendRaw = (port: number, text: string) => openRaw(port, text).closed

/** How many answers a text holds. */
export const answersIn = (text: string) => text.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0
