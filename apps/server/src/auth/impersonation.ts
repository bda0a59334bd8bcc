// Whom the server's own account acts as: somebody that an identity provider vouched for, and nobody of the cluster's own.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
import { refusal } from '../refusal.ts'

export type Impersonated = { name: string; groups: string[]; uid?: string; extra?: Record<string, string[]> }

const maxNameLength = 256

/** Throws 400 for a name that is empty, not one line of text, or begins with `system:`, the cluster's own names. */
export function assertOwnName(name: unknown): asserts name is string {
  // eslint-disable-next-line no-control-regex
  if (typeof name !== 'string' || !name || name.length > maxNameLength || /[\u0000-\u001f\u007f]|^\s|\s$/.test(name))
    throw refusal(400, 'The identity provider’s name of a user or group cannot be used.')
  if (name.startsWith('system:')) throw refusal(400, 'The identity provider names a user or group of the cluster’s own.')
}

/** The headers, which say everything: with no groups there is none of theirs, and the cluster adds system:authenticated alone. */
export function impersonationHeaders({ name, groups, uid, extra = {} }: Impersonated): Record<string, string | string[]> {
  return {
    'impersonate-user': onTheWire(name),
    ...(groups.length > 0 ? { 'impersonate-group': groups.map(onTheWire) } : {}),
    ...(uid ? { 'impersonate-uid': onTheWire(uid) } : {}),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`, values.map(onTheWire)]),
    ),
  }
}

/** Headers are bytes, which Node takes for Latin-1 and the API server for UTF-8. */
const onTheWire = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
