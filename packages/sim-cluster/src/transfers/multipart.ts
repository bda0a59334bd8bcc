// One file of a multipart/form-data body, as it comes: RFC 7578.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

const headLimitBytes = 16 * 1024

/** The part with this name. Rejects a body that is no form, or has no such part before its end. */
export async function multipartFile(req: IncomingMessage, name: string): Promise<Readable> {
  const boundary = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(req.headers['content-type'] ?? '')
  if (!boundary) throw new Error("request Content-Type isn't multipart/form-data")
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`)
  const chunks = req[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  // The first delimiter has no line before it.
  let held = Buffer.from('\r\n')

  async function more(): Promise<void> {
    const next = await chunks.next()
    if (next.done) throw new Error('multipart: NextPart: EOF')
    held = Buffer.concat([held, next.value])
  }
  /** Reads on until `mark`; what came before it is dropped. */
  async function skipTo(mark: Buffer): Promise<void> {
    for (let at = held.indexOf(mark); ; at = held.indexOf(mark)) {
      if (at >= 0) {
        held = held.subarray(at + mark.length)
        return
      }
      held = held.subarray(Math.max(0, held.length - mark.length))
      await more()
    }
  }
  async function readHead(): Promise<string> {
    for (;;) {
      if (held.length >= 2 && held.toString('latin1', 0, 2) === '--') throw new Error(`multipart: no part is named ${name}`)
      const end = held.indexOf('\r\n\r\n')
      if (end >= 0) {
        const head = held.toString('utf8', 0, end)
        held = held.subarray(end + 4)
        return head
      }
      if (held.length > headLimitBytes) throw new Error('multipart: message too large')
      await more()
    }
  }
  async function* content(): AsyncGenerator<Buffer> {
    for (;;) {
      const end = held.indexOf(delimiter)
      // The end of what is here may be the beginning of the delimiter.
      const sure = end >= 0 ? end : Math.max(0, held.length - delimiter.length)
      if (sure > 0) yield held.subarray(0, sure)
      held = held.subarray(sure)
      if (end >= 0) break
      await more()
    }
    for (let left = await chunks.next(); !left.done; left = await chunks.next());
  }

  for (;;) {
    await skipTo(delimiter)
    const head = await readHead()
    if (new RegExp(`^content-disposition:.*[;\\s]name="?${name}"?(?:;|\\s*$)`, 'im').test(head)) {
      return Readable.from(content(), { objectMode: false })
    }
  }
}
