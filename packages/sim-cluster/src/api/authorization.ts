// RBAC, evaluated from the stored Role and Binding objects.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/plugin/pkg/auth/authorizer/rbac/rbac.go
import type { KubeObject } from '@virtdeck/k8s'
import type { Storage } from '../storage/storage.ts'
import type { RequestInfo, UserInfo } from './context.ts'
import { authorizedSubresource } from './request-info.ts'
import { failure, forbidden } from './status.ts'

export type ResourceAttributes = {
  verb: string
  group: string
  resource: string
  subresource?: string
  namespace?: string
  name?: string
}

export type Attributes = ResourceAttributes | { verb: string; path: string }

export type PolicyRule = {
  verbs?: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

export type Decision = { allowed: boolean; reason?: string }

type Subject = { kind: string; name: string; namespace?: string }
type Binding = KubeObject & { subjects?: Subject[]; roleRef: { kind: string; name: string } }
type Role = KubeObject & { rules?: PolicyRule[] }

const includes = (list: readonly string[] | undefined, wanted: string) =>
  list !== undefined && (list.includes('*') || list.includes(wanted))

function subjectMatches(subject: Subject, user: UserInfo, namespace: string | undefined): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.username
    case 'Group':
      return user.groups.includes(subject.name)
    case 'ServiceAccount':
      return user.username === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`
    default:
      return false
  }
}

function describeSubject(subject: Subject, namespace: string | undefined): string {
  return subject.kind === 'ServiceAccount'
    ? `ServiceAccount "${subject.name}/${subject.namespace ?? namespace}"`
    : `${subject.kind} "${subject.name}"`
}

function resourceRuleAllows(rule: PolicyRule, asked: ResourceAttributes): boolean {
  if (!includes(rule.verbs, asked.verb) || !includes(rule.apiGroups, asked.group) || !rule.resources) return false
  const combined = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource
  const resourceMatches = rule.resources.some(
    (resource) => resource === '*' || resource === combined || (asked.subresource !== undefined && resource === `*/${asked.subresource}`),
  )
  if (!resourceMatches) return false
  return !rule.resourceNames?.length || rule.resourceNames.includes(asked.name ?? '')
}

function urlRuleAllows(rule: PolicyRule, verb: string, path: string): boolean {
  if (!includes(rule.verbs, verb)) return false
  return (rule.nonResourceURLs ?? []).some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))))
}

function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  return 'path' in asked ? urlRuleAllows(rule, asked.verb, asked.path) : resourceRuleAllows(rule, asked)
}

/** Every rule that applies to a user, with the binding that grants it; role bindings only of the given namespace. */
export function* rulesFor(storage: Storage, user: UserInfo, namespace?: string): Generator<{ rule: PolicyRule; why: string }> {
  const bindings = [
    ...storage.list('clusterrolebindings.rbac.authorization.k8s.io'),
    ...(namespace ? storage.list('rolebindings.rbac.authorization.k8s.io', namespace) : []),
  ]
  for (const stored of bindings) {
    const binding = stored as unknown as Binding
    const bindingNamespace = binding.metadata.namespace
    const subject = binding.subjects?.find((candidate) => subjectMatches(candidate, user, bindingNamespace))
    if (!subject) continue
    const { kind, name } = binding.roleRef
    const role = (
      kind === 'Role'
        ? storage.get('roles.rbac.authorization.k8s.io', bindingNamespace, name)
        : storage.get('clusterroles.rbac.authorization.k8s.io', undefined, name)
    ) as Role | undefined
    const bindingName = bindingNamespace
      ? `RoleBinding "${binding.metadata.name}/${bindingNamespace}"`
      : `ClusterRoleBinding "${binding.metadata.name}"`
    const roleName = kind === 'Role' ? `Role "${name}/${bindingNamespace}"` : `ClusterRole "${name}"`
    const why = `RBAC: allowed by ${bindingName} of ${roleName} to ${describeSubject(subject, bindingNamespace)}`
    for (const rule of role?.rules ?? []) yield { rule, why }
  }
}

export function authorize(storage: Storage, user: UserInfo, asked: Attributes): Decision {
  if (user.groups.includes('system:masters')) return { allowed: true }
  const namespace = 'path' in asked ? undefined : asked.namespace
  for (const { rule, why } of rulesFor(storage, user, namespace)) {
    if (ruleAllows(rule, asked)) return { allowed: true, reason: why }
  }
  return { allowed: false }
}

export function attributesOf(info: RequestInfo): Attributes {
  if (!info.isResourceRequest) return { verb: info.verb, path: info.path }
  const subresource = authorizedSubresource(info)
  return {
    verb: info.verb,
    group: info.group,
    resource: info.plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(info.namespace === undefined ? {} : { namespace: info.namespace }),
    ...(info.name === undefined ? {} : { name: info.name }),
  }
}

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/responsewriters/errors.go */
function forbiddenError(user: UserInfo, asked: Attributes): Error {
  if ('path' in asked) {
    return failure(403, 'Forbidden', `forbidden: User "${user.username}" cannot ${asked.verb} path "${asked.path}"`, {})
  }
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource
  const scope = asked.namespace ? `in the namespace "${asked.namespace}"` : 'at the cluster scope'
  return forbidden(
    { group: asked.group, plural: asked.resource, kind: '' },
    asked.name ?? '',
    `User "${user.username}" cannot ${asked.verb} resource "${resource}" in API group "${asked.group}" ${scope}`,
  )
}

/** Throws the API server's 403 when the user may not. */
export function requireAccess(storage: Storage, user: UserInfo, asked: Attributes): void {
  if (!authorize(storage, user, asked).allowed) throw forbiddenError(user, asked)
}
