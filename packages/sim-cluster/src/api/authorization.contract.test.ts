import type { KubeObject } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { startTestApiServer } from '../testing/test-api-server.ts'

const rbac = 'rbac.authorization.k8s.io'
const rules = (name: string, of: object[], labels?: Record<string, string>): [string, KubeObject] => [
  `clusterroles.${rbac}`,
  { metadata: { name, ...(labels ? { labels } : {}) }, rules: of },
]
const bind = (role: string, user: string): [string, KubeObject] => [
  `clusterrolebindings.${rbac}`,
  {
    metadata: { name: `${user}-${role}` },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: rbac, name: user }],
  },
]

describe('authorization', () => {
  test('resourceNames limit a rule to named objects, in lists too where a field selector names one', async () => {
    const only = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'], resourceNames: ['mine'] }]
    await using server = await startTestApiServer({
      objects: [rules('only-mine', only), bind('only-mine', 'bob'), ['configmaps', { metadata: { name: 'mine', namespace: 'default' } }]],
    })
    const path = '/api/v1/namespaces/default/configmaps'
    expect((await server.request('bob', 'GET', `${path}/mine`)).code).toBe(200)
    expect((await server.request('bob', 'GET', `${path}/other`)).code).toBe(403)
    expect((await server.request('bob', 'GET', path)).code).toBe(403)
    expect((await server.request('bob', 'GET', `${path}?fieldSelector=metadata.name%3Dmine`)).code).toBe(200)
  })

  test('a revoked binding counts from the next request on', async () => {
    await using server = await startTestApiServer()
    const path = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
    expect((await server.request('alice', 'GET', path)).code).toBe(200)
    await server.request('admin', 'DELETE', `/apis/${rbac}/v1/namespaces/team-a/rolebindings/team-a-edit`)
    expect((await server.request('alice', 'GET', path)).code).toBe(403)
  })

  test('an aggregated role has the rules of the roles that it selects', async () => {
    const aggregate: [string, KubeObject] = [
      `clusterroles.${rbac}`,
      {
        metadata: { name: 'vm-reader' },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'to-vm-reader': 'true' } }] },
        rules: [],
      },
    ]
    await using server = await startTestApiServer({ objects: [aggregate, bind('vm-reader', 'bob')] })
    expect((await server.request('bob', 'GET', '/api/v1/nodes')).code).toBe(403)
    await server.request('admin', 'POST', `/apis/${rbac}/v1/clusterroles`, {
      body: {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRole',
        metadata: { name: 'nodes', labels: { 'to-vm-reader': 'true' } },
        rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
      },
    })
    server.settle()
    expect((await server.request('bob', 'GET', '/api/v1/nodes')).code).toBe(200)
  })

  test('paths that are no resources have their own rules', async () => {
    await using server = await startTestApiServer()
    expect((await server.request('viewer', 'GET', '/version')).code).toBe(200)
    const refused = await server.request('viewer', 'GET', '/metrics')
    expect(refused.json().message).toBe('forbidden: User "viewer" cannot get path "/metrics"')
    expect((await server.request('none', 'GET', '/readyz')).text).toBe('ok')
  })

  test('the rules of a user in a namespace are listed without loss', async () => {
    await using server = await startTestApiServer()
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: 'team-a' } }
    const review = (await server.request('alice', 'POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { body })).json<{
      status: { incomplete: boolean; resourceRules: { verbs: string[]; resources: string[] }[] }
    }>()
    expect(review.status.incomplete).toBe(false)
    expect(review.status.resourceRules).toContainEqual({
      verbs: ['update'],
      apiGroups: ['subresources.kubevirt.io'],
      resources: ['virtualmachines/start', 'virtualmachines/stop', 'virtualmachines/restart'],
    })
  })

  test('asks about others only those who may be told', async () => {
    await using server = await startTestApiServer()
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'bob',
        groups: ['team-b'],
        resourceAttributes: { namespace: 'team-b', verb: 'list', group: 'kubevirt.io', resource: 'virtualmachines' },
      },
    }
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    expect((await server.request('alice', 'POST', path, { body })).code).toBe(403)
    expect((await server.request('admin', 'POST', path, { body })).json<{ status: unknown }>().status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "team-b-edit/team-b" of ClusterRole "edit" to Group "team-b"',
    })
  })

  test('impersonation as a service account joins its groups', async () => {
    await using server = await startTestApiServer()
    const answer = await server.request('admin', 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      headers: { 'Impersonate-User': 'system:serviceaccount:team-a:robot' },
    })
    expect(answer.json<{ status: unknown }>().status).toEqual({
      userInfo: {
        username: 'system:serviceaccount:team-a:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:team-a', 'system:authenticated'],
      },
    })
  })
})
