// Names: what Kubernetes accepts, and the ones we make.

export const maxNameLength = 63

/**
 * Why a name cannot be a VM's, in words, or undefined. KubeVirt takes a subdomain of up to 253 characters, but the name
 * becomes the guest's host name and a label, both of which end at 63 and have no dots.
 * https://github.com/kubernetes/kubernetes/blob/04846cc/staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go (IsDNS1123Label)
 */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'A name is needed.'
  if (name.length > maxNameLength) return `At most ${maxNameLength} characters.`
  if (/[A-Z]/.test(name)) return 'Lower-case letters only.'
  if (/[^a-z0-9-]/.test(name)) return 'Letters a to z, digits and hyphens only.'
  if (!/^[a-z0-9]/.test(name)) return 'The first character is a letter or a digit.'
  if (!/[a-z0-9]$/.test(name)) return 'The last character is a letter or a digit.'
  return undefined
}

/** `web-01-20261121-104107`: unique by the second, so that a double click makes one object. UTC. */
export function stampedName(base: string, now: Date): string {
  const digits = now.toISOString().replace(/\D/g, '').slice(0, 14)
  return joinName(base, `${digits.slice(0, 8)}-${digits.slice(8)}`)
}

/** `base-suffix`, the base cut where both together would be too long. */
export function joinName(base: string, suffix: string): string {
  return `${base.slice(0, maxNameLength - suffix.length - 1).replace(/[-.]+$/, '')}-${suffix}`
}
