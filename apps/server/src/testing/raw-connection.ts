// A client that writes bytes rather than requests.
import { connect, type Socket } from 'node:net'
import type { Browser } from './browser.ts'

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

/** A WebSocket of a signed-in browser, up to the server's 101; from there on it is bytes. Rejects with the refusal. */
export async function openRawSocket(
  browser: Browser,
  target: string,
  protocol: string,
): Promise<RawConnection & { closeCode(): number | undefined }> {
  const { host, port } = new URL(browser.url)
  const head = [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    `Origin: ${browser.url}`,
    `Cookie: ${browser.cookie()}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${protocol}, virtdeck.ticket.${await browser.ticket(target)}`,
    '',
    '',
  ]
  const raw = openRaw(Number(port), head.join('\r\n'))
  await new Promise<void>((resolve, reject) => {
    raw.socket.on('data', () => raw.text().includes('\r\n\r\n') && resolve())
    raw.socket.once('close', () => reject(new Error(raw.text())))
  })
  if (!raw.text().startsWith('HTTP/1.1 101 ')) throw new Error(raw.text())
  return { ...raw, closeCode: () => closeCodeIn(Buffer.from(raw.text().split('\r\n\r\n').slice(1).join('\r\n\r\n'), 'latin1')) }
}

/** The code of the close frame among a server's frames. */
function closeCodeIn(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const header = short === 127 ? 10 : short === 126 ? 4 : 2
    if (((bytes[at] ?? 0) & 0x0f) === 8) return bytes.readUInt16BE(at + header)
    at += header + (short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short)
  }
  return undefined
}
