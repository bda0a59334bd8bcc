// Acting as another user, who must be granted by RBAC.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/filters/impersonation.go
import type { Storage } from '../storage/storage.ts'
import { withAuthenticatedGroup } from './authentication.ts'
import { requireAccess } from './authorization.ts'
import type { UserInfo } from './context.ts'
import { plainText } from './status.ts'

/** Headers are bytes: Node takes them for Latin-1, Go for UTF-8. */
const all = (values: readonly string[] = []) => values.map((value) => Buffer.from(value, 'latin1').toString('utf8')).filter(Boolean)

/** `headers` as Node's headersDistinct has them: a value for each line. */
export function impersonate(storage: Storage, user: UserInfo, headers: NodeJS.Dict<string[]>, path: string): UserInfo {
  const [username] = all(headers['impersonate-user'])
  const groups = all(headers['impersonate-group'])
  const [uid] = all(headers['impersonate-uid'])
  const extra = Object.entries(headers).filter(([name]) => name.startsWith('impersonate-extra-'))
  if (!username) {
    if (groups.length === 0 && !uid && extra.length === 0) return user
    const requested = groups.map((group) => `{Group  ${group}    }`).join(' ') || `{UID  ${uid}    }`
    throw plainText(500, `Internal Server Error: "${path}": requested [${requested}] without impersonating a user\n`)
  }
  const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username)
  const [, namespace, name = ''] = serviceAccount ?? []
  requireAccess(
    storage,
    user,
    namespace === undefined
      ? { verb: 'impersonate', group: '', resource: 'users', name: username }
      : { verb: 'impersonate', group: '', resource: 'serviceaccounts', namespace, name },
  )
  for (const group of groups) requireAccess(storage, user, { verb: 'impersonate', group: '', resource: 'groups', name: group })
  if (uid) requireAccess(storage, user, { verb: 'impersonate', group: 'authentication.k8s.io', resource: 'uids', name: uid })
  const extras: Record<string, string[]> = {}
  for (const [header, value] of extra) {
    const key = decodeURIComponent(header.slice('impersonate-extra-'.length))
    extras[key] = all(value)
    for (const item of extras[key]) {
      requireAccess(storage, user, {
        verb: 'impersonate',
        group: 'authentication.k8s.io',
        resource: 'userextras',
        subresource: key,
        name: item,
      })
    }
  }
  const implied = namespace === undefined || groups.length > 0 ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  return withAuthenticatedGroup({
    username,
    groups: [...groups, ...implied],
    ...(uid ? { uid } : {}),
    ...(extra.length > 0 ? { extra: extras } : {}),
  })
}
