// Kubernetes quantities as plain numbers: bytes for memory and storage, cores for CPU.
// https://github.com/kubernetes/apimachinery/blob/eed236c/pkg/api/resource/quantity.go

const suffixes: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
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

const shape = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/

/** `512Mi` -> 536870912, `250m` -> 0.25, `1e3` -> 1000; undefined for what is no quantity. */
export function parseQuantity(quantity: string | number | undefined): number | undefined {
  if (quantity === undefined) return undefined
  if (typeof quantity === 'number') return Number.isFinite(quantity) ? quantity : undefined
  const parts = shape.exec(quantity.trim())
  if (!parts) return undefined
  const [, digits = '', exponent, suffix = ''] = parts
  if (exponent) return finite(Number(digits + exponent))
  const factor = suffixes[suffix]
  if (factor === undefined) return undefined
  // Dividing keeps 250m exactly 0.25, where multiplying by 0.001 would not.
  return finite(factor < 1 ? Number(digits) / Math.round(1 / factor) : Number(digits) * factor)
}

/** Whole bytes as the shortest exact binary quantity: 2147483648 -> `2Gi`. */
export function bytesQuantity(bytes: number): string {
  const whole = Math.round(bytes)
  for (const suffix of ['Ti', 'Gi', 'Mi', 'Ki'] as const) {
    const factor = suffixes[suffix] ?? 1
    if (whole !== 0 && whole % factor === 0) return `${whole / factor}${suffix}`
  }
  return String(whole)
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
