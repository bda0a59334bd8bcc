// Two instant queries over all VMs, to Prometheus or to what speaks as it does (Thanos, VictoriaMetrics). It runs in the
// inventory's thread: parsing megabytes must not keep consoles waiting.
import { readFile } from 'node:fs/promises'
import { StatusError } from '@virtdeck/k8s'
import type { Dial } from '../auth/kubeconfig.ts'
import { readAll, type Upstream } from '../k8s/upstream.ts'
import { measurementsOf, type Measurements } from './measurements.ts'
import type { UsageTarget } from './target.ts'

/** A sentence for whoever looks at the list, and the details for the log. */
export class UsageProblem extends Error {
  override name = 'UsageProblem'
  readonly details: string
  constructor(message: string, details = '') {
    super(message)
    this.details = details
  }
}

const timeoutMs = 10_000
/** Of one query: 100,000 VMs. */
const maxBytes = 16 * 1024 * 1024

/**
 * What KubeVirt's virt-handlers tell of running domains. A VMI that migrates has worked on two nodes, and a virt-handler may be scraped
 * twice. Memory is the guest's own view, without what it could give back; guests without a balloon driver tell nothing.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/docs/observability/metrics.md
 */
export function queries(matchers?: string): { cpu: string; memory: string } {
  const of = (metric: string) => (matchers ? `${metric}{${matchers}}` : metric)
  const most = (metric: string) => `max by (namespace, name) (${of(metric)})`
  return {
    cpu: `sum by (namespace, name) (max by (namespace, name, node) (rate(${of('kubevirt_vmi_cpu_usage_seconds_total')}[5m])))`,
    memory: `${most('kubevirt_vmi_memory_available_bytes')} - ${most('kubevirt_vmi_memory_usable_bytes')}`,
  }
}

/** Throws UsageProblem. */
export async function readUsage(target: UsageTarget, upstream: Pick<Upstream, 'send'>): Promise<Measurements> {
  const dial = await dialOf(target)
  const { cpu, memory } = queries(target.matchers)
  // One after the other: a Prometheus has other work.
  const cpuAnswer = await ask(upstream, dial, cpu)
  const memoryAnswer = await ask(upstream, dial, memory)
  try {
    return measurementsOf(cpuAnswer, memoryAnswer)
  } catch (error) {
    throw new UsageProblem('Prometheus answered something else than measurements.', (error as Error).message)
  }
}

async function dialOf({ url, caFile, tokenFile }: UsageTarget): Promise<Dial> {
  try {
    const [ca, token] = await Promise.all([caFile && readFile(caFile, 'utf8'), tokenFile && readFile(tokenFile, 'utf8')])
    return { url, tls: ca ? { ca } : {}, ...(token ? { authorization: `Bearer ${token.trim()}` } : {}) }
  } catch (error) {
    throw new UsageProblem('virtdeck cannot read its credential for Prometheus.', (error as Error).message)
  }
}

async function ask(upstream: Pick<Upstream, 'send'>, dial: Dial, query: string): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await upstream.send(dial, {
      method: 'GET',
      path: `/api/v1/query?${new URLSearchParams({ query, timeout: `${timeoutMs / 1000}s` }).toString()}`,
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      signal,
      timeoutMs,
    })
    const code = answer.statusCode ?? 0
    if (code !== 200) {
      const text = await readAll(answer, 64 * 1024).catch(() => Buffer.alloc(0))
      throw new UsageProblem(refusals[code] ?? otherRefusal(code), `${code} ${text.toString('utf8').slice(0, 300)}`)
    }
    return (await readAll(answer, maxBytes)).toString('utf8')
  } catch (error) {
    throw problemOf(error, signal)
  }
}

const refusals: Record<number, string> = {
  401: 'Prometheus does not accept virtdeck’s credential.',
  403: 'Prometheus does not let virtdeck ask.',
  404: 'There is no Prometheus at the address that is configured.',
}

const otherRefusal = (code: number) =>
  code >= 300 && code < 400 ? 'Prometheus answered with a redirect, which is not followed.' : `Prometheus answered with an error (${code}).`

function problemOf(error: unknown, signal: AbortSignal): UsageProblem {
  if (error instanceof UsageProblem) return error
  const cause = (error as Error).cause
  const details = [error, cause].flatMap((one) => (one instanceof Error ? one.message : [])).join(': ')
  if (signal.aborted || (error instanceof StatusError && error.code === 504)) return new UsageProblem('Prometheus did not answer in time.')
  if (error instanceof StatusError && error.code === 502) return new UsageProblem('Prometheus answered more than can be taken in.')
  return new UsageProblem('Prometheus cannot be reached.', details)
}
