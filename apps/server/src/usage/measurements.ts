// What Prometheus answers, as lines: one for each namespace, with the names of its VMIs and what they use. Nothing of an
// answer is trusted: a label that is no Kubernetes name and a value that is no amount are passed over.

/** The lines of all namespaces; each is a UsageLine as JSON. */
export type Measurements = { lines: [namespace: string, line: string][]; vmis: number; passedOver: number }

/** What was measured of one VMI; -1 where nothing was. */
type Measured = [cpuMillicores: number, memoryMebibytes: number]

const CPU = 0
const MEMORY = 1

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names */
const namespaceName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/

export class Unreadable extends Error {
  override name = 'Unreadable'
}

/**
 * Joins the answers of two instant queries, each a vector by `namespace` and `name`: processors in cores, memory in bytes.
 * Throws Unreadable for what is no such answer.
 */
export function measurementsOf(cpuAnswer: string, memoryAnswer: string): Measurements {
  const namespaces = new Map<string, Map<string, Measured>>()
  const passedOver = take(namespaces, cpuAnswer, CPU, 1000) + take(namespaces, memoryAnswer, MEMORY, 1 / 2 ** 20)
  let vmis = 0
  const lines = [...namespaces].toSorted(byName).map(([namespace, found]): [string, string] => {
    const all = [...found].toSorted(byName)
    vmis += all.length
    const names = all.map(([name]) => name).join(' ')
    return [
      namespace,
      JSON.stringify([namespace, names, all.map(([, measured]) => measured[CPU]), all.map(([, measured]) => measured[MEMORY])]),
    ]
  })
  return { lines, vmis, passedOver }
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1)

type Sample = { metric?: { namespace?: unknown; name?: unknown }; value?: unknown }

/** Returns how many samples could not be used. */
function take(namespaces: Map<string, Map<string, Measured>>, answer: string, at: 0 | 1, factor: number): number {
  let passedOver = 0
  for (const sample of samplesOf(answer)) {
    const { namespace, name } = sample?.metric ?? {}
    const amount = amountOf(sample?.value, factor)
    if (!isName(namespace, namespaceName) || !isName(name, objectName) || amount === undefined) {
      passedOver += 1
      continue
    }
    let found = namespaces.get(namespace)
    if (!found) namespaces.set(namespace, (found = new Map()))
    const measured = found.get(name)
    if (!measured) found.set(name, at === CPU ? [amount, -1] : [-1, amount])
    // Two samples of one VMI are not what was asked for: the first one stands.
    else if (measured[at] < 0) measured[at] = amount
    else passedOver += 1
  }
  return passedOver
}

const isName = (text: unknown, pattern: RegExp): text is string => typeof text === 'string' && pattern.test(text)

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
function samplesOf(answer: string): readonly (Sample | null)[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(answer)
  } catch (cause) {
    throw new Unreadable('the answer is not JSON', { cause })
  }
  const { status, data } = (parsed ?? {}) as { status?: unknown; data?: { resultType?: unknown; result?: unknown } | null }
  if (status !== 'success' || data?.resultType !== 'vector' || !Array.isArray(data.result)) throw new Unreadable('the answer is no vector')
  return data.result as (Sample | null)[]
}

/** A whole number of units, or undefined: neither NaN nor infinite, negative or beyond what is counted exactly. */
function amountOf(value: unknown, factor: number): number | undefined {
  const text: unknown = Array.isArray(value) ? value[1] : undefined
  if (typeof text !== 'string' || !/^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) return undefined
  const amount = Math.round(Number(text) * factor)
  return Number.isSafeInteger(amount) ? amount : undefined
}
