// Raw images of the guests' disks: what was written on them, and nothing but holes behind it.
import { Readable } from 'node:stream'

const magic = 'virtdeck simulated disk 1\n'
const contentOffset = 4096
const blockBytes = 1 << 20
const zeros = Buffer.alloc(blockBytes)
/** What a file system writes before it is full of anything. */
const longestContentBytes = 16 << 20

/** The beginning of a raw image: a boot sector, then the disk's content. */
export function imageHead(disk: unknown): Buffer {
  const content = Buffer.from(disk === undefined ? '' : JSON.stringify(disk))
  const head = Buffer.alloc(contentOffset + content.length)
  head.write(magic, 0)
  head.writeUInt32BE(content.length, 64)
  head.writeUInt16LE(0xaa55, 510)
  content.copy(head, contentOffset)
  return head
}

/** Bytes `from` (inclusive) to `to` (exclusive) of an image whose beginning is given. */
export function imageBytes(head: Buffer, from: number, to: number): Readable {
  function* blocks(): Generator<Buffer> {
    let at = from
    if (at < head.length) {
      const part = head.subarray(at, Math.min(head.length, to))
      at += part.length
      yield part
    }
    while (at < to) {
      const part = zeros.subarray(0, Math.min(blockBytes, to - at))
      at += part.length
      yield part
    }
  }
  return Readable.from(blocks(), { objectMode: false })
}

const qcow2Magic = Buffer.from('QFI\xfb', 'latin1')

/** Reads an image as it comes; `result` says what it was once all of it is there. */
export function imageReader() {
  let head = Buffer.alloc(0)
  let sizeBytes = 0
  return {
    write(chunk: Buffer): void {
      sizeBytes += chunk.length
      if (head.length < contentOffset) head = Buffer.concat([head, chunk])
      else if (isOurs() && head.length < contentOffset + contentBytes()) head = Buffer.concat([head, chunk])
    },
    result(): { receivedBytes: number; virtualBytes: number; disk: unknown } {
      const virtualBytes = head.subarray(0, 4).equals(qcow2Magic) && head.length >= 32 ? Number(head.readBigUInt64BE(24)) : sizeBytes
      return { receivedBytes: sizeBytes, virtualBytes, disk: diskOf() }
    },
  }

  function isOurs(): boolean {
    return head.length >= contentOffset && head.toString('latin1', 0, magic.length) === magic
  }
  function contentBytes(): number {
    return Math.min(longestContentBytes, head.readUInt32BE(64))
  }
  function diskOf(): unknown {
    if (!isOurs() || contentBytes() === 0) return undefined
    try {
      return JSON.parse(head.toString('utf8', contentOffset, contentOffset + contentBytes())) as unknown
    } catch {
      // Somebody changed it: whatever it is, no guest of ours can read it.
      return undefined
    }
  }
}
