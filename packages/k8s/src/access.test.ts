import { describe, expect, test } from 'vitest'
import { accessReview, rulesAllow, type AccessQuestion } from './access.ts'

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
