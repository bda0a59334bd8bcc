// A sealed cookie: JSON, deflated, encrypted with AES-256-GCM, and cut into chunks that only open together.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

export type KeyRing = { kid: string; key: Buffer }[]

/** `kid:base64` each; the first one seals, all open. Without any, a key that dies with the process. */
export function createKeyRing(keys: readonly string[] = []): KeyRing {
  if (keys.length === 0) return [{ kid: 'p', key: randomBytes(32) }]
  return keys.map((text) => {
    const colon = text.indexOf(':')
    return { kid: text.slice(0, colon), key: Buffer.from(text.slice(colon + 1), 'base64').subarray(0, 32) }
  })
}

const maxChunks = 2
const maxCookieBytes = 3800
const maxPlainBytes = 64 * 1024

/** The token is too long for the cookies that browsers and proxies carry. */
export class TooLargeError extends Error {
  override name = 'TooLargeError'
}

/** The chunks' values, for the cookies `STEM0`, `STEM1`, ... . Throws TooLargeError beyond two of them. */
export function seal(ring: KeyRing, stem: string, value: unknown): string[] {
  const [first] = ring
  if (!first) throw new Error('the key ring is empty')
  const plain = deflateRawSync(JSON.stringify(value))
  const iv = randomBytes(12)
  // base64url of iv and tag, the dots and the key's id have a length of their own, known before sealing.
  const length = first.kid.length + 3 + 16 + base64Length(plain.length) + 22
  const chunkSize = maxCookieBytes - stem.length - 2
  const count = Math.ceil(length / chunkSize)
  if (count > maxChunks || length > 7168) throw new TooLargeError(`${length} bytes do not fit into the session cookie`)
  const cipher = createCipheriv('aes-256-gcm', first.key, iv).setAAD(additional(stem, count, length))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  const text = [first.kid, ...[iv, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.')
  return Array.from({ length: count }, (_, index) => text.slice(index * chunkSize, (index + 1) * chunkSize))
}

/** What was sealed, or undefined for anything else: another key, a flipped bit, a chunk too many or too few. */
export function open(ring: KeyRing, stem: string, chunks: readonly string[]): unknown {
  const text = chunks.join('')
  const [kid, iv, sealed, tag, more] = text.split('.')
  const key = ring.find((candidate) => candidate.kid === kid)?.key
  if (!key || !iv || !sealed || !tag || more !== undefined || chunks.length > maxChunks) return undefined
  try {
    const bytes = decode(sealed)
    const decipher = createDecipheriv('aes-256-gcm', key, decode(iv), { authTagLength: 16 })
    decipher.setAAD(additional(stem, chunks.length, text.length)).setAuthTag(decode(tag))
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()])
    return JSON.parse(inflateRawSync(plain, { maxOutputLength: maxPlainBytes }).toString('utf8'))
  } catch {
    return undefined
  }
}

function additional(stem: string, count: number, length: number): Buffer {
  return Buffer.from(`virtdeck|v1|${stem}|${count}|${length}`)
}

const base64Length = (bytes: number) => Math.ceil((bytes * 4) / 3)

/** Strict: the same bytes have one spelling, so that no altered cookie opens. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw new Error('not base64url')
  return bytes
}
