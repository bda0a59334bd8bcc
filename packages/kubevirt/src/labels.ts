// Labels as people enter them: what Kubernetes accepts, and which keys are not theirs.

const part = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/
const subdomain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

/** Why a text cannot be a label's key, in words, or undefined. A prefix is a DNS subdomain of at most 253 characters. */
export function labelKeyProblem(key: string): string | undefined {
  if (key === '') return 'A key is needed.'
  const slash = key.indexOf('/')
  const prefix = key.slice(0, Math.max(0, slash))
  const name = key.slice(slash + 1)
  if (slash >= 0 && (prefix.length > 253 || !subdomain.test(prefix))) return 'What stands before the slash must be a domain name.'
  if (name.length > 63) return 'At most 63 characters, a prefix not counted.'
  if (!part.test(name)) return 'Letters, digits, hyphens, underscores and dots only, with a letter or digit at both ends.'
  return undefined
}

/** Why a text cannot be a label's value; it may be empty. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > 63) return 'At most 63 characters.'
  if (value !== '' && !part.test(value)) return 'Letters, digits, hyphens, underscores and dots only, with a letter or digit at both ends.'
  return undefined
}

/** True for keys of Kubernetes and KubeVirt themselves: their components read and write them. */
export function isReservedLabel(key: string): boolean {
  return /(?:^|\.)(?:kubernetes\.io|k8s\.io|kubevirt\.io)\//.test(key)
}
