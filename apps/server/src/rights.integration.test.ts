// What the interface says one may do, held against what the API server says, for rights of every kind.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  accessReview,
  rulesAllow,
  rulesReview,
  type AccessQuestion,
  type SelfSubjectAccessReview,
  type SelfSubjectRulesReview,
} from '@virtdeck/k8s'
import { verbAccess, type VmVerb } from '@virtdeck/kubevirt'
import { startStack, type Stack } from '../../../dev/stack.ts'
import { openBrowser } from './testing/browser.ts'
import { askCluster } from './testing/cluster-request.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack({ scenario: 'empty' })
})
afterAll(async () => stack?.[Symbol.asyncDispose]())

const asAdmin = async (method: string, path: string, body?: unknown) => (await askCluster(stack, 'admin', method, path, body)).code
const ask = async <T>(kind: string, body: unknown) =>
  (await askCluster(stack, 'user', 'POST', `/apis/authorization.k8s.io/v1/${kind}`, body)).body as T

const verbs: VmVerb[] = [
  'start',
  'stop',
  'restart',
  'pause',
  'unpause',
  'migrate',
  'cancelMigration',
  'snapshot',
  'restore',
  'delete',
  'vnc',
  'console',
]
const names = [undefined, 'web-01', 'db-01']

/** Rules as people write them: exact, too wide, with wildcards, for subresources, for named objects. */
const rule = fc.record({
  apiGroups: fc.subarray(['', 'kubevirt.io', 'subresources.kubevirt.io', 'snapshot.kubevirt.io', '*'], { minLength: 1 }),
  resources: fc.subarray(
    [
      '*',
      '*/start',
      'virtualmachines',
      'virtualmachines/*',
      'virtualmachines/start',
      'virtualmachines/stop',
      'virtualmachineinstances/vnc',
      'virtualmachineinstances/console',
      'virtualmachineinstances/pause',
      'virtualmachineinstancemigrations',
      'virtualmachinesnapshots',
      'virtualmachinerestores',
    ],
    { minLength: 1, maxLength: 4 },
  ),
  verbs: fc.subarray(['get', 'list', 'create', 'update', 'patch', 'delete', '*'], { minLength: 1, maxLength: 3 }),
  resourceNames: fc.option(fc.constantFrom(['web-01'], ['web-01', 'db-01']), { nil: undefined, freq: 3 }),
})

test('each verb’s state is the API server’s own answer, whatever the rules are [F011] [F139] [F140]', async () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/team-a'
  const role = (rules: unknown[]) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'random' }, rules })
  expect(await asAdmin('POST', `${rbac}/roles`, role([]))).toBe(201)
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'random' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'random' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'user' }],
  }
  expect(await asAdmin('POST', `${rbac}/rolebindings`, binding)).toBe(201)
  let allowed = 0
  let denied = 0

  await fc.assert(
    fc.asyncProperty(fc.array(rule, { maxLength: 4 }), fc.constantFrom(...names), async (rules, name) => {
      expect(await asAdmin('PUT', `${rbac}/roles/random`, role(rules))).toBe(200)
      const { status } = await ask<SelfSubjectRulesReview>('selfsubjectrulesreviews', rulesReview('team-a'))
      if (!status) throw new Error('no rules')
      await Promise.all(
        verbs.map(async (verb) => {
          const question: AccessQuestion = { ...verbAccess(verb), namespace: 'team-a', ...(name === undefined ? {} : { name }) }
          const said = rulesAllow(status, question)
          const review = await ask<SelfSubjectAccessReview>('selfsubjectaccessreviews', accessReview(question))
          expect([verb, name, said]).toEqual([verb, name, review.status?.allowed])
          if (said) allowed += 1
          else denied += 1
        }),
      )
    }),
    { numRuns: 200 },
  )
  expect(allowed).toBeGreaterThan(100)
  expect(denied).toBeGreaterThan(100)
}, 120_000)

test('shows two of three hundred namespaces to who may see two, without a refusal [F003]', async () => {
  const create = (index: number) =>
    asAdmin('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `many-${index}` } })
  await Promise.all(Array.from({ length: 300 }, (_, index) => create(index)))
  for (const namespace of ['many-7', 'many-211']) {
    const granted = await asAdmin('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'two-of-many' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'spectro-vm-viewer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'power-user' }],
    })
    expect(granted).toBe(201)
  }
  const powerUser = openBrowser(stack.url)
  await powerUser.signIn({ mode: 'demo', user: 'power-user' })
  expect((await powerUser.request('/k8s/api/v1/namespaces')).status).toBe(403)
  const { access } = await powerUser.snapshot('virtualmachines')
  expect(access).toEqual({ scope: 'namespaces', namespaces: ['many-211', 'many-7', 'team-a'] })
})
