// What of an answer is compared: status, the headers that clients act on, and the normalised body.
import type { IncomingHttpHeaders } from 'node:http'
import type { Frame } from './captures.ts'
import { differences, type Difference, type IgnoredPaths } from './compare.ts'
import { normalise, normaliseText } from './normalise.ts'

const comparedHeaders = ['content-type', 'warning', 'allow', 'retry-after', 'cache-control', 'www-authenticate', 'sec-websocket-protocol']

function headersOf(headers: Record<string, string | string[] | undefined>): Record<string, unknown> {
  const lowered = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return Object.fromEntries(
    comparedHeaders.flatMap((name) => {
      const value = lowered.get(name)
      return value === undefined ? [] : [[name, normaliseText(String(value))]]
    }),
  )
}

/** Text that is JSON is compared as JSON: virt-api indents, kube-apiserver does not. */
function bodyOf(body: unknown): unknown {
  if (typeof body !== 'string') return normalise(body ?? '')
  if (/^\s*[{[]/.test(body)) {
    try {
      return normalise(JSON.parse(body))
    } catch {
      return normaliseText(body)
    }
  }
  return normaliseText(body)
}

/** Lists without what one side has and the other leaves out by design: entries of discovery, by name. */
function without(value: unknown, leftOut: ReadonlySet<string>, parent = ''): unknown {
  if (leftOut.size === 0 || typeof value !== 'object' || value === null) return value
  const nameOf = (item: unknown) => {
    const { name, metadata, resource, subresource } = (item ?? {}) as Named
    return name ?? metadata?.name ?? resource ?? (subresource === undefined ? undefined : `${parent}/${subresource}`)
  }
  if (Array.isArray(value)) {
    const kept = value.filter((item) => !leftOut.has(nameOf(item) ?? '')).map((item) => without(item, leftOut))
    return kept.every((item) => nameOf(item) !== undefined)
      ? kept.toSorted((a, b) => ((nameOf(a) ?? '') < (nameOf(b) ?? '') ? -1 : 1))
      : kept
  }
  const { resource = '' } = value as Named
  const members = Object.entries(value).map(([key, member]) => [key, without(member, leftOut, resource)] as const)
  // A resource without subresources has no such list at all.
  return Object.fromEntries(members.filter(([key, member]) => key !== 'subresources' || (member as unknown[]).length > 0))
}

type Named = { name?: string; metadata?: { name?: string }; resource?: string; subresource?: string }

type Exchange = { status: number; headers: Record<string, string> | IncomingHttpHeaders; body: unknown }

export function compareExchange(
  recorded: Exchange,
  answered: Exchange,
  ignore: IgnoredPaths,
  leftOut: readonly string[] = [],
): Difference[] {
  const names = new Set(leftOut)
  const observe = ({ status, headers, body }: Exchange) => ({ status, headers: headersOf(headers), body: without(bodyOf(body), names) })
  return differences(observe(recorded), observe(answered), ignore)
}

type WatchedObject = {
  kind?: string
  metadata?: { name?: string; generation?: number; deletionTimestamp?: string; creationTimestamp?: string }
  status?: {
    phase?: string
    printableStatus?: string
    readyToUse?: boolean
    complete?: boolean
    conditions?: { type: string; status: string; reason?: string }[]
  }
  source?: { component?: string }
  involvedObject?: { kind?: string }
  reason?: string
  message?: string
  rows?: { cells?: unknown[]; object?: WatchedObject }[]
  type?: string
}
type WatchedEvent = { type: string; object: WatchedObject }

const conditionsOf = ({ status }: WatchedObject, types: readonly string[]) =>
  (status?.conditions ?? [])
    .filter((condition) => types.includes(condition.type))
    .map(({ type, status: state }) => `${type}=${state}`)
    .toSorted()

/** What a life is told by, for each kind: in between, controllers write as often as they like. */
function milestone(object: WatchedObject): string {
  const { status, metadata } = object
  switch (object.kind) {
    case 'VirtualMachine':
      return status?.printableStatus ?? 'none'
    case 'VirtualMachineInstance':
      return [status?.phase ?? 'none', ...conditionsOf(object, ['Paused', 'LiveMigratable'])].join(' ')
    case 'Pod':
      return `${status?.phase}${metadata?.deletionTimestamp ? ' (terminating)' : ''}`
    case 'VirtualMachineSnapshot':
    case 'VirtualMachineRestore':
      return [
        status?.phase ?? '',
        `ready=${status?.readyToUse ?? status?.complete ?? 'none'}`,
        ...conditionsOf(object, ['Ready', 'Progressing']),
      ].join(' ')
    case 'VirtualMachineSnapshotContent':
      return `ready=${status?.readyToUse ?? 'none'}`
    case 'Table':
      return String(object.rows?.[0]?.cells?.[2])
    default:
      return status?.phase ?? 'none'
  }
}

/** The life of every object in a watch, in order of appearance: repeated milestones once, bookmarks left out. */
export function lives(lines: readonly unknown[]): { life: string[] }[] {
  const found = new Map<string, string[]>()
  for (const { type, object } of lines as WatchedEvent[]) {
    if (type === 'BOOKMARK') continue
    const name = object.metadata?.name ?? object.rows?.[0]?.object?.metadata?.name ?? ''
    const born = type === 'ADDED'
    // An object of the same name is another one.
    const key = [...found.keys()].findLast((known) => known.startsWith(`${name} `))
    let life = key === undefined || born ? undefined : found.get(key)
    if (!life) {
      life = []
      found.set(`${name} ${found.size}`, life)
    }
    const step = type === 'DELETED' ? 'DELETED' : milestone(object)
    if (life.at(-1) !== step) life.push(step)
  }
  return [...found.values()].map((life) => ({ life }))
}

/** virt-controller's events (the others' were a stand-in's), told apart by what they say, in alphabetical order: who is told first is a matter of microseconds. */
export function eventsSaid(lines: readonly unknown[], since = ''): string[] {
  const said = (lines as WatchedEvent[])
    .filter(({ type, object }) => type !== 'BOOKMARK' && object.source?.component === 'virtualmachine-controller')
    .filter(({ object }) => (object.metadata?.creationTimestamp ?? '') >= since)
    .map(({ object }) => normaliseText(`${object.type} ${object.involvedObject?.kind} ${object.reason}: ${object.message}`))
  return [...new Set(said)].toSorted()
}

/** Frames as they are: the handshakes of RFB in bytes, what a guest prints as text without its own words. */
export const framesOf = (frames: readonly Frame[]) => frames.map(({ opcode, len, hex }) => ({ opcode, len, hex }))

/** `known` asks only that every life here is one that was recorded: for watches that began amid others' work. */
export type WatchComparison = 'events' | 'lives' | 'known' | 'said'

export function compareWatch(
  recorded: { status: number; headers: Record<string, string>; lines: readonly unknown[] },
  answered: { status: number; headers: IncomingHttpHeaders; lines: readonly unknown[] },
  { as, since, first, ignore }: { as: WatchComparison; since?: string; first?: number; ignore: IgnoredPaths },
): Difference[] {
  if (as === 'known') {
    const known = new Set(lives(recorded.lines).map((one) => one.life.join(' > ')))
    const strange = lives(answered.lines).filter((one) => !known.has(one.life.join(' > ')))
    return compareExchange({ ...recorded, body: [] }, { ...answered, body: strange }, ignore)
  }
  const body = (lines: readonly unknown[], from?: string) =>
    as === 'events' ? lines.slice(0, first) : as === 'lives' ? lives(lines) : eventsSaid(lines, from)
  // What was before is in the recording only: the scene begins with an empty cluster.
  return compareExchange({ ...recorded, body: body(recorded.lines, since) }, { ...answered, body: body(answered.lines) }, ignore)
}
