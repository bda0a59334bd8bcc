import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { accessReview, canICommand, deniedReason, grantYaml, ruleFor, rulesAllow, type AccessQuestion } from './access.ts'

const allow = (
  rule: { verbs?: string[]; apiGroups?: string[]; resources?: string[]; resourceNames?: string[] },
  question: Partial<AccessQuestion> = {},
) =>
  rulesAllow(
    { resourceRules: [{ verbs: ['get'], apiGroups: ['kubevirt.io'], resources: ['virtualmachines'], ...rule }] },
    { verb: 'get', group: 'kubevirt.io', resource: 'virtualmachines', ...question },
  )

describe('rulesAllow', () => {
  test('needs verb, group and resource in one rule', () => {
    expect(allow({})).toBe(true)
    expect(allow({}, { verb: 'delete' })).toBe(false)
    expect(allow({}, { group: '' })).toBe(false)
    expect(allow({}, { resource: 'secrets' })).toBe(false)
    expect(
      rulesAllow(
        {
          resourceRules: [
            { verbs: ['get'], apiGroups: ['*'], resources: ['pods'] },
            { verbs: ['delete'], apiGroups: [''], resources: ['secrets'] },
          ],
        },
        { verb: 'get', group: '', resource: 'secrets' },
      ),
    ).toBe(false)
  })

  test('takes the wildcards of verb, group and resource', () => {
    expect(allow({ verbs: ['*'] }, { verb: 'patch' })).toBe(true)
    expect(allow({ apiGroups: ['*'] }, { group: 'cdi.kubevirt.io' })).toBe(true)
    expect(allow({ resources: ['*'] }, { resource: 'anything', subresource: 'status' })).toBe(true)
  })

  test('does not take a resource for its subresources, nor one subresource for another', () => {
    const vnc = { resource: 'virtualmachineinstances', subresource: 'vnc' }
    expect(allow({ resources: ['virtualmachineinstances'] }, vnc)).toBe(false)
    expect(allow({ resources: ['virtualmachineinstances/console'] }, vnc)).toBe(false)
    expect(allow({ resources: ['virtualmachineinstances/vnc'] }, vnc)).toBe(true)
    expect(allow({ resources: ['*/vnc'] }, vnc)).toBe(true)
    expect(allow({ resources: ['*/vnc'] }, { resource: 'vnc' })).toBe(false)
    expect(allow({ resources: ['virtualmachineinstances/*'] }, vnc)).toBe(false)
    expect(allow({ resources: ['virtualmachineinstances/vnc/screenshot'] }, { ...vnc, subresource: 'vnc/screenshot' })).toBe(true)
  })

  test('takes a rule for named objects only for those', () => {
    expect(allow({ resourceNames: ['web'] }, { name: 'web' })).toBe(true)
    expect(allow({ resourceNames: ['web'] }, { name: 'db' })).toBe(false)
    expect(allow({ resourceNames: ['web'] })).toBe(false)
    expect(allow({ resourceNames: [] }, { name: 'db' })).toBe(true)
  })

  test('allows nothing without rules', () => {
    expect(rulesAllow({ resourceRules: [] }, { verb: 'get', group: '', resource: 'pods' })).toBe(false)
  })
})

test('asks exactly what was asked', () => {
  expect(
    accessReview({
      verb: 'update',
      group: 'subresources.kubevirt.io',
      resource: 'virtualmachines',
      subresource: 'start',
      namespace: 'team-a',
    }).spec,
  ).toEqual({
    resourceAttributes: {
      verb: 'update',
      group: 'subresources.kubevirt.io',
      resource: 'virtualmachines',
      subresource: 'start',
      namespace: 'team-a',
    },
  })
})

const start: AccessQuestion = {
  verb: 'update',
  group: 'subresources.kubevirt.io',
  resource: 'virtualmachines',
  subresource: 'start',
  namespace: 'team-b',
}
const listNodes: AccessQuestion = { verb: 'list', group: '', resource: 'nodes' }

test('names verb, resource, group and namespace of the missing right [F011] [F145]', () => {
  expect(deniedReason(start)).toBe('You may not update virtualmachines/start (subresources.kubevirt.io) in team-b.')
  expect(deniedReason(listNodes)).toBe('You may not list nodes.')
})

test('writes the role and the binding that grant a right, in YAML that whatever name somebody has does not break [F145]', () => {
  const [role, binding] = parseAllDocuments(grantYaml(start, 'eve: "}\\n---')).map((each) => each.toJS() as Record<string, unknown>)
  expect(role).toEqual({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'virtdeck-update-virtualmachines-start', namespace: 'team-b' },
    rules: [{ apiGroups: ['subresources.kubevirt.io'], resources: ['virtualmachines/start'], verbs: ['update'] }],
  })
  expect(binding).toMatchObject({
    kind: 'RoleBinding',
    metadata: { namespace: 'team-b' },
    roleRef: { kind: 'Role', name: 'virtdeck-update-virtualmachines-start' },
    subjects: [{ kind: 'User', name: 'eve: "}\\n---' }],
  })
  expect(grantYaml(listNodes, 'ann')).toMatch(/^kind: ClusterRole$[\s\S]*^kind: ClusterRoleBinding$/m)
})

test('the rule that it writes allows what was asked, and not another namespace’s or subresource’s', () => {
  for (const question of [start, listNodes]) expect(rulesAllow({ resourceRules: [ruleFor(question)] }, question)).toBe(true)
  expect(rulesAllow({ resourceRules: [ruleFor(start)] }, { ...start, subresource: 'stop' })).toBe(false)
})

test('asks kubectl the same question', () => {
  expect(canICommand(start)).toBe('kubectl auth can-i update virtualmachines.subresources.kubevirt.io --subresource=start -n team-b')
  expect(canICommand({ ...listNodes, name: 'n1' }, "o'neill")).toBe(String.raw`kubectl auth can-i list nodes/n1 --as='o'\''neill'`)
})
