// Questions about rights: asked of the API server as a review, or answered from the rules it listed.
import type { SelfSubjectAccessReview, SelfSubjectRulesReview } from './kinds.ts'

/** May I `verb` this? Without a namespace, in all of them; without a name, any object. */
export type AccessQuestion = {
  verb: string
  group: string
  resource: string
  subresource?: string
  namespace?: string
  name?: string
}

export type SubjectRulesReviewStatus = Pick<NonNullable<SelfSubjectRulesReview['status']>, 'resourceRules'>

/** The body that puts the question to the API server. */
export function accessReview(question: AccessQuestion): SelfSubjectAccessReview {
  const { verb, group, resource, subresource, namespace, name } = question
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: {
      resourceAttributes: {
        verb,
        group,
        resource,
        ...(subresource && { subresource }),
        ...(namespace && { namespace }),
        ...(name && { name }),
      },
    },
  }
}

/** The body that asks for all rules of one namespace. */
export function rulesReview(namespace: string): SelfSubjectRulesReview {
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } } as SelfSubjectRulesReview
}

/**
 * Whether the rules of a namespace allow what is asked, by RBAC's matching.
 * https://github.com/kubernetes/kubernetes/blob/6732d91/pkg/apis/rbac/v1/evaluation_helpers.go
 */
export function rulesAllow(rules: SubjectRulesReviewStatus, question: AccessQuestion): boolean {
  return rules.resourceRules.some(
    (rule) =>
      matches(rule.verbs, question.verb) &&
      matches(rule.apiGroups, question.group) &&
      resourceMatches(rule.resources, question) &&
      nameMatches(rule.resourceNames, question.name),
  )
}

function matches(allowed: readonly string[] | undefined, asked: string): boolean {
  return allowed?.some((item) => item === '*' || item === asked) ?? false
}

function resourceMatches(allowed: readonly string[] | undefined, { resource, subresource }: AccessQuestion): boolean {
  const asked = subresource ? `${resource}/${subresource}` : resource
  return allowed?.some((item) => item === '*' || item === asked || (subresource !== undefined && item === `*/${subresource}`)) ?? false
}

function nameMatches(allowed: readonly string[] | undefined, name: string | undefined): boolean {
  // A rule for named objects says nothing about all of them, nor about one that has no name yet.
  return !allowed?.length || (name !== undefined && allowed.includes(name))
}

/** A resource as people and kubectl's `--resource` name it: `virtualmachines/start (subresources.kubevirt.io)`. */
function describe({ group, resource, subresource }: AccessQuestion): string {
  return `${resource}${subresource ? `/${subresource}` : ''}${group ? ` (${group})` : ''}`
}

/** Why something is impossible: names verb, resource and namespace, so that one can ask an administrator for it. */
export function deniedReason(question: AccessQuestion): string {
  const { verb, namespace } = question
  return `You may not ${verb} ${describe(question)}${namespace ? ` in ${namespace}` : ''}.`
}

export type PolicyRule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }

/** The least rule that allows what is asked, for any object of the resource. */
export function ruleFor({ verb, group, resource, subresource }: AccessQuestion): PolicyRule {
  return { apiGroups: [group], resources: [subresource ? `${resource}/${subresource}` : resource], verbs: [verb] }
}

/**
 * A role with the least rule that allows what is asked, and its binding to `user`, as YAML for `kubectl apply -f -`: of the
 * namespace asked about, or of the cluster where the question names none. `kubectl create role` cannot do the same: it
 * refuses subresources that have no resource of their own in the API's discovery.
 */
export function grantYaml(question: AccessQuestion, user: string): string {
  const { verb, resource, subresource, namespace } = question
  const name = ['virtdeck', verb, resource, ...(subresource ? subresource.split('/') : [])].join('-')
  const kind = namespace ? 'Role' : 'ClusterRole'
  const rule = ruleFor(question)
  const metadata = [`  name: ${name}`, ...(namespace ? [`  namespace: ${namespace}`] : [])]
  const list = (items: readonly string[]) => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${kind}`,
    'metadata:',
    ...metadata,
    'rules:',
    `  - apiGroups: ${list(rule.apiGroups)}`,
    `    resources: ${list(rule.resources)}`,
    `    verbs: ${list(rule.verbs)}`,
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${kind}Binding`,
    'metadata:',
    ...metadata,
    'roleRef:',
    '  apiGroup: rbac.authorization.k8s.io',
    `  kind: ${kind}`,
    `  name: ${name}`,
    'subjects:',
    '  - apiGroup: rbac.authorization.k8s.io',
    '    kind: User',
    // JSON is YAML: whatever a user is called, it stays one string.
    `    name: ${JSON.stringify(user)}`,
    '',
  ].join('\n')
}

/** The question as kubectl asks it: of everybody by themselves, or with `as` of somebody else. */
export function canICommand({ verb, group, resource, subresource, namespace, name }: AccessQuestion, as?: string): string {
  const what = `${resource}${group ? `.${group}` : ''}${name ? `/${name}` : ''}`
  return [
    `kubectl auth can-i ${verb} ${what}`,
    ...(subresource ? [`--subresource=${subresource}`] : []),
    ...(namespace ? [`-n ${namespace}`] : []),
    ...(as === undefined ? [] : [`--as=${shellQuoted(as)}`]),
  ].join(' ')
}

const shellQuoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`)
