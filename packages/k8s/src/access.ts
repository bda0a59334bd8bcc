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
