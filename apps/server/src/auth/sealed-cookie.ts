// A sealed cookie: JSON, deflated, encrypted with AES-256-GCM, and cut into chunks that only open together.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

type Key = { kid: string; key: Buffer }

/** The first key seals, all open. The keys of a running server may be exchanged. */
export type KeyRing = { keys: readonly Key[] }

/** `kid:base64` each. Without any, a key that dies with the process. */
export function createKeyRing(keys: readonly string[] = []): KeyRing {
  return { keys: keys.length === 0 ? [{ kid: 'p', key: randomBytes(32) }] : keys.map(readKey) }
}

function readKey(text: string): Key {
  const colon = text.indexOf(':')
  return { kid: text.slice(0, colon), key: Buffer.from(text.slice(colon + 1), 'base64') }
}

/** Exchanges the keys for those of a file, one a line. Throws an Error that says what is wrong with them. */
export function replaceKeys(ring: KeyRing, text: string): void {
  const lines = text.split(/[\n,]/).flatMap((line) => line.trim() || [])
  const problems = lines.length > 0 ? keyProblems(lines) : ['there is no key in it']
  if (problems.length > 0) throw new Error(problems.join('; '))
  ring.keys = lines.map(readKey)
}

const keyBytes = 32
/** Of 32 random bytes, at least so many differ: fewer happen once in 10^15 keys. */
const distinctBytes = 18
/** SHA-256 of the cookie secrets that kubevirt-manager ships, and that Tornado's and oauth2-proxy's users copy from examples. */
const samples = new Set([
  '13b17cfde7fd0d8a067cadd99698170034fa9f0c1a290f3f1f2065886c17adb8',
  '094b805ed9dc68193ab6820819d551fa62339182ccdc8d5b879797ee0fba6aa2',
  '338eb088c2eecc9443b61c0d131f4bca161bf3817fd30f7c4aca2639f4d17c94',
])

/** What is wrong with keys, in sentences that hold nothing of the keys themselves. */
export function keyProblems(texts: readonly string[]): string[] {
  const seen = new Set<string>()
  return texts.flatMap((text, index) => {
    const { kid, key } = readKey(text)
    const name = /^[\w-]{1,16}$/.test(kid) ? `the key ${kid}` : `key number ${index + 1}`
    const again = [`kid ${kid}`, `key ${key.toString('hex')}`].filter((each) => seen.size === seen.add(each).size)
    if (!/^[\w-]{1,16}:[A-Za-z0-9+/_-]+=*$/.test(text)) return `${name} must be kid:base64`
    if (key.length !== keyBytes) return `${name} has ${key.length} bytes instead of ${keyBytes}`
    if (new Set(key).size < distinctBytes || key.every((byte) => byte >= 0x20 && byte < 0x7f))
      return `${name} is not random: make one with openssl rand -base64 32`
    if (samples.has(createHash('sha256').update(key).digest('hex'))) return `${name} is an example that was published`
    return again.length > 0 ? `${name} is there twice, under its name or another` : []
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
  const [first] = ring.keys
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
  const key = ring.keys.find((candidate) => candidate.kid === kid)?.key
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
