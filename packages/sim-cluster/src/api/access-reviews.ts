// Resources that answer a question and store nothing: may I, what may I, who am I.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/registry/authorization/util/helpers.go
import type { KubeObject } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { ApiResource } from './api-resources.ts'
import { withAuthenticatedGroup } from './authentication.ts'
import { authorize, rulesFor, type Attributes } from './authorization.ts'
import type { UserInfo } from './context.ts'
import { fieldsOf, toFieldsV1 } from './field-sets.ts'
import { groupVersion } from './api-resources.ts'
import type { ServedContext } from './served-context.ts'
import { serviceAccountUser } from './service-account-tokens.ts'
import { badRequest, invalid } from './status.ts'

type ReviewSpec = {
  resourceAttributes?: {
    namespace?: string
    verb?: string
    group?: string
    version?: string
    resource?: string
    subresource?: string
    name?: string
  }
  nonResourceAttributes?: { path?: string; verb?: string }
  user?: string
  groups?: string[]
  uid?: string
  namespace?: string
  token?: string
}

type Review = {
  user: UserInfo
  spec: ReviewSpec
  object: KubeObject
  resource: ApiResource
  namespace: string | undefined
  manager: string
}

function attributes(resource: ApiResource, spec: ReviewSpec): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec
  if (asked && !path) {
    return {
      verb: asked.verb ?? '',
      group: asked.group ?? '',
      resource: asked.resource ?? '',
      ...(asked.subresource ? { subresource: asked.subresource } : {}),
      ...(asked.namespace ? { namespace: asked.namespace } : {}),
      ...(asked.name ? { name: asked.name } : {}),
    }
  }
  if (path && !asked) return { verb: path.verb ?? '', path: path.path ?? '' }
  const message = asked
    ? 'Invalid value: "null": cannot be specified in combination with resourceAttributes'
    : 'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified'
  throw invalid(resource, '', [
    { reason: 'FieldValueInvalid', message, field: asked ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes' },
  ])
}

function reviewed(context: ServedContext, { resource, object, manager }: Review, status: object, { tracked = true } = {}): KubeObject {
  const fields = fieldsOf({ spec: object.spec ?? {} }, false, { withParents: true })
  // The spec of these kinds is no pointer: it is always there, and nobody's.
  fields.delete('f:spec')
  const entry = {
    manager,
    operation: 'Update',
    apiVersion: groupVersion(resource),
    time: timestamp(context.clock),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
  }
  return {
    kind: resource.kind,
    apiVersion: groupVersion(resource),
    metadata: { creationTimestamp: null, ...(tracked ? { managedFields: [entry] } : {}) },
    spec: object.spec ?? {},
    status,
  }
}

function accessReview(context: ServedContext, review: Review, subject: UserInfo): KubeObject {
  const { allowed, reason } = authorize(context.storage, subject, attributes(review.resource, review.spec))
  return reviewed(context, review, { allowed, ...(reason ? { reason } : {}) })
}

function rulesReview(context: ServedContext, review: Review): KubeObject {
  const { namespace } = review.spec
  if (!namespace) throw badRequest('no namespace on request')
  const resourceRules: object[] = []
  const nonResourceRules: object[] = []
  for (const { rule } of rulesFor(context.storage, review.user, namespace)) {
    const { verbs = [], apiGroups, resources, resourceNames, nonResourceURLs } = rule
    if (resources?.length) {
      resourceRules.push({ verbs, apiGroups: apiGroups ?? [], resources, ...(resourceNames?.length ? { resourceNames } : {}) })
    }
    if (nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs })
  }
  return {
    ...reviewed(context, review, { resourceRules, nonResourceRules, incomplete: false }, { tracked: false }),
    spec: {},
  }
}

function subjectOf(review: Review): UserInfo {
  const { user, groups, uid } = review.spec
  if (!user && !groups?.length) {
    throw invalid(review.resource, '', [
      { reason: 'FieldValueInvalid', message: 'Invalid value: "": at least one of user or group must be specified', field: 'spec.user' },
    ])
  }
  return { username: user ?? '', groups: groups ?? [], ...(uid ? { uid } : {}) }
}

function tokenReview(context: ServedContext, review: Review): KubeObject {
  const token = review.spec.token ?? ''
  const found = context.tokens.get(token) ?? serviceAccountUser(context, token)
  const status = found ? { authenticated: true, user: withAuthenticatedGroup(found) } : { user: {}, error: 'invalid bearer token' }
  return reviewed(context, review, status)
}

/** Answers a review of the resource's kind. Throws 400 and 422 for questions that make no sense. */
export function answerReview(
  context: ServedContext,
  resource: ApiResource,
  object: KubeObject,
  user: UserInfo,
  namespace: string | undefined,
  manager: string,
): KubeObject {
  const review: Review = { user, spec: (object.spec ?? {}) as ReviewSpec, object, resource, namespace, manager }
  switch (resource.kind) {
    case 'SelfSubjectAccessReview':
      return accessReview(context, review, user)
    case 'SubjectAccessReview':
      return accessReview(context, review, subjectOf(review))
    case 'LocalSubjectAccessReview':
      if (review.spec.resourceAttributes?.namespace !== namespace) {
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
      }
      return accessReview(context, review, subjectOf(review))
    case 'SelfSubjectRulesReview':
      return rulesReview(context, review)
    case 'TokenReview':
      return tokenReview(context, review)
    default:
      return {
        kind: resource.kind,
        apiVersion: groupVersion(resource),
        metadata: { creationTimestamp: timestamp(context.clock) },
        status: { userInfo: user },
      }
  }
}
