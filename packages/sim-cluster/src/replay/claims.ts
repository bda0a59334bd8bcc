// Which captures the simulated cluster claims, which it does not and why, and what of an answer is not compared and why.
import type { Frame } from './captures.ts'

export type Exception = { captures: readonly string[]; reason: string }
/** Paths of `body`, as `compare.ts` reads them. A capture may end in `*`. */
export type Ignored = { captures: readonly string[]; paths: readonly string[]; reason: string }

export const claimedFolders = [
  'errors',
  'authz',
  'list',
  'table',
  'discovery',
  'subresources',
  'admission',
  'ssa',
  'watch',
  'lifecycle',
  'console',
] as const

export const exceptions: readonly Exception[] = []

export const ignored: readonly Ignored[] = []

const matches = (pattern: string, name: string) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name)

/** RFB, as far as the capture went: version, no authentication, shared. */
function rfbDialogue() {
  let step = 0
  const replies = [Buffer.from('RFB 003.008\n'), Buffer.from([1]), Buffer.from([1])]
  return (_frame: Frame) => replies[step++]
}

export const claims = {
  folders: claimedFolders as readonly string[],
  exception: (name: string) => exceptions.find(({ captures }) => captures.some((pattern) => matches(pattern, name)))?.reason,
  ignored: (name: string) => ignored.flatMap(({ captures, paths }) => (captures.some((pattern) => matches(pattern, name)) ? paths : [])),
  dialogue: (name: string): ((frame: Frame) => Buffer | undefined) =>
    name === 'console/vnc-handshake-to-framebuffer-size' ? rfbDialogue() : () => undefined,
  frames: (_name: string, recorded: number) => recorded,
}

export type Claims = typeof claims
