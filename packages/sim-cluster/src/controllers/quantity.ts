// Kubernetes quantities, as far as the simulated cluster computes with them.
// https://github.com/kubernetes/apimachinery/blob/eed236c/pkg/api/resource/quantity.go

const factors: Record<string, number> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** The number that a quantity stands for (bytes, cores), or undefined when it is not a quantity. */
export function parseQuantity(quantity: string | number | undefined): number | undefined {
  if (quantity === undefined) return undefined
  if (typeof quantity === 'number') return quantity
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/.exec(quantity)
  if (!found) return undefined
  return Number(`${found[1]}${found[2] ?? ''}`) * (factors[found[3] ?? ''] ?? 1)
}

/** Bytes in the largest binary unit that divides them: `2Gi`, `780Mi`. */
export function formatBytes(bytes: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki'] as const) {
    const size = factors[unit] ?? 1
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(Math.round(bytes))
}

/** Cores as Kubernetes canonicalises them: `2`, `100m`. */
export function formatCores(cores: number): string {
  return Number.isInteger(cores) ? String(cores) : `${Math.round(cores * 1000)}m`
}
