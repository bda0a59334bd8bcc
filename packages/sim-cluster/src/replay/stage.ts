// The stage on which a scene plays: it arranges what a capture takes for granted, replays it and keeps what differed.
import type { KubeObject } from '@virtdeck/k8s'
import type { Capture } from './captures.ts'
import type { Claims } from './claims.ts'
import type { Difference } from './compare.ts'
import { compareExchange, compareWatch, framesOf, type WatchComparison } from './observe.ts'
import type { Answer, Sent, Target, WatchTap } from './target.ts'

export type Results = Map<string, Difference[]>

export type Stage = {
  /** Sends the recorded request, changed by `change` where it quotes what an earlier answer gave. */
  replay(name: string, change?: (request: Sent) => Sent): Promise<Answer | undefined>
  replayAll(names: readonly string[]): Promise<void>
  /** Opens a recorded watch; `close` compares what came. */
  open(name: string, options: { as: WatchComparison; since?: string; first?: number }): Promise<{ close(): void; ended(): boolean }>
  upgrade(name: string): Promise<void>
  create(object: KubeObject, user?: string): Promise<void>
  /** Sends a request of the scene's own and gives the answer's body. Throws when it is refused. */
  ask<T = KubeObject>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
  /** Lets time pass until an object is as wanted; a missing one is undefined. Throws after two minutes. */
  until<T = KubeObject>(path: string, wanted: (object: T | undefined) => boolean): Promise<void>
  pass(ms: number): Promise<void>
  /** Whether virt-api could be stopped: nobody does that to a real cluster. */
  takeVirtApiDown(): boolean
}

const plurals: Record<string, string> = { StorageClass: 'storageclasses', VirtualMachinePreference: 'virtualmachinepreferences' }

function collectionPath({ apiVersion = 'v1', kind = '', metadata }: KubeObject): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const plural = plurals[kind] ?? `${kind.toLowerCase()}s`
  return metadata.namespace ? `${root}/namespaces/${metadata.namespace}/${plural}` : `${root}/${plural}`
}

const waitLimitMs = 180_000

export function createStage(
  target: Target,
  captures: Map<string, Capture>,
  claims: Claims,
  results: Results,
  /** Captures that this target cannot be asked, with the reason. */
  skipped: Map<string, string>,
): Stage {
  const find = <K extends Capture['kind']>(name: string, kind: K): Extract<Capture, { kind: K }> => {
    const capture = captures.get(name)
    if (capture?.kind !== kind) throw new Error(`there is no ${kind} capture ${name}`)
    return capture as Extract<Capture, { kind: K }>
  }
  const ask: Stage['ask'] = async <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
    const answer = await target.send({ user: 'admin', method, path, body, headers: { Accept: '*/*', ...headers } })
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`)
    return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T
  }
  const stage: Stage = {
    async replay(name, change = (request) => request) {
      const { request, response } = find(name, 'http')
      const reason = target.cannotSend?.(request)
      if (reason !== undefined) {
        skipped.set(name, reason)
        return undefined
      }
      const answer = await target.send(change(request))
      results.set(name, compareExchange(response, { ...answer, body: answer.text }, claims.ignored(name), claims.leftOut(name)))
      return answer
    },
    async replayAll(names) {
      for (const name of names) await stage.replay(name)
    },
    async open(name, options) {
      const { request, response } = find(name, 'watch')
      const tap: WatchTap = await target.watch(request)
      return {
        ended: () => tap.ended(),
        close() {
          results.set(name, compareWatch(response, tap, { ...options, ignore: claims.ignored(name) }))
          tap.close()
        },
      }
    },
    async upgrade(name) {
      const { request, response } = find(name, 'websocket')
      const { frames, ...answer } = await target.upgrade(request, claims.dialogue(name), response.frames.length)
      const recorded = { ...response, body: response.frames.length > 0 ? framesOf(response.frames) : response.body }
      const answered = { ...answer, body: frames.length > 0 ? framesOf(frames) : answer.body }
      results.set(name, compareExchange(recorded, answered, claims.ignored(name)))
    },
    async create(object, user = 'admin') {
      const answer = await target.send({ user, method: 'POST', path: collectionPath(object), body: object })
      if (answer.status >= 300)
        throw new Error(`create ${object.kind} ${object.metadata.name}: ${answer.status} ${answer.text.slice(0, 300)}`)
    },
    ask,
    async until<T>(path: string, wanted: (object: T | undefined) => boolean) {
      for (let waitedMs = 0; waitedMs <= waitLimitMs; waitedMs += 200) {
        const answer = await target.send({ user: 'admin', method: 'GET', path })
        if (wanted(answer.status === 200 ? (JSON.parse(answer.text) as T) : undefined)) return
        await target.pass(200)
      }
      throw new Error(`${path} did not become what the scene waits for`)
    },
    pass: (ms) => target.pass(ms),
    takeVirtApiDown: () => target.takeVirtApiDown?.() ?? false,
  }
  return stage
}
