// What VMs use, as it was last measured, for everybody: asked for when somebody looks, at most every half a minute, and
// shown to each by the same rights as the rows.
import { encode, type Encoding } from '../encodings.ts'
import { mayList, type Visibility } from '../inventory/visibility.ts'
import type { Logger } from '../logger.ts'
import type { UsageHead } from '../protocol.ts'
import type { Measurements } from './measurements.ts'
import type { UsageProblem } from './prometheus.ts'

export type UsageHealth = {
  reads: number
  failures: number
  failing: boolean
  vmis: number
  /** When it last went well, ms. */
  readAt?: number
}

export type Usage = {
  /** A UsageHead, and the lines of the namespaces whose VMIs one may list. Prometheus is asked first if it is time to. */
  answer(visibility: Visibility, encoding: Encoding): Promise<Buffer>
  health(): UsageHealth
}

type Options = {
  /** Throws UsageProblem. */
  read: () => Promise<Measurements>
  log: Pick<Logger, 'warn' | 'info'>
  /** At most so often, whoever looks; 30 s. */
  everyMs?: number
}

/** What was measured before says nothing of now. */
const keptMs = 5 * 60_000

const resource = 'virtualmachineinstances'

export function createUsage({ read, log, everyMs = 30_000 }: Options): Usage {
  let measured: (Measurements & { at: number }) | undefined
  let problem: string | undefined
  let asking: Promise<void> | undefined
  let asked: { at: number; moment: number } | undefined
  /** What was made of the last answer for all with the same rights. */
  let bodies = new Map<string, Promise<Buffer>>()
  const health: UsageHealth = { reads: 0, failures: 0, failing: false, vmis: 0 }

  async function ask(): Promise<void> {
    const at = Date.now()
    asked = { at, moment: performance.now() }
    health.reads += 1
    try {
      measured = { ...(await read()), at }
      if (problem !== undefined) log.info({ vmis: measured.vmis }, 'Prometheus tells again what VMs use.')
      problem = undefined
      Object.assign(health, { failing: false, vmis: measured.vmis, readAt: at })
    } catch (error) {
      const { message, details } = error as UsageProblem
      if (message !== problem) log.warn({ details }, message)
      problem = message
      health.failing = true
      health.failures += 1
    }
    bodies = new Map()
  }

  async function refresh(): Promise<void> {
    if (!asking && performance.now() - (asked?.moment ?? -Infinity) >= everyMs) {
      asking = ask().finally(() => {
        asking = undefined
      })
    }
    await asking
  }

  function head(rest: Pick<UsageHead, 'at' | 'problem'>): string {
    return JSON.stringify({ askedAt: asked?.at ?? Date.now(), everyMs, ...rest } satisfies UsageHead)
  }

  function picture(visibility: Visibility): string {
    if (!measured || Date.now() - measured.at > keptMs) return head({ problem })
    const { at, vmis, lines } = measured
    const nothing = vmis === 0 ? 'Prometheus knows of no VM that runs: it may not be the one that watches KubeVirt.' : undefined
    const seen = lines.filter(([namespace]) => mayList(visibility, resource, namespace)).map(([, line]) => line)
    return [head({ at, problem: problem ?? nothing }), ...seen].join('\n')
  }

  return {
    async answer(visibility, encoding) {
      const reach = visibility[resource]
      if (reach !== 'all' && reach.size === 0)
        return encode(Buffer.from(head({ problem: `You may not list ${resource} in any namespace.` })), encoding)
      await refresh()
      const key = JSON.stringify([encoding, reach === 'all' ? reach : [...reach].toSorted()])
      let body = bodies.get(key)
      if (!body) {
        body = encode(Buffer.from(picture(visibility)), encoding)
        bodies.set(key, body)
      }
      return body
    },
    health: () => health,
  }
}
