import { expect, test } from 'vitest'
import { accessVerbs, knownResources, questionOf } from './access-verbs.ts'

const asked = { verb: 'update', resource: 'virtualmachines.subresources.kubevirt.io/start', namespace: 'team-a', name: '' }

test('reads a question as kubectl writes its resource [F145]', () => {
  expect(questionOf(asked)).toEqual({
    verb: 'update',
    group: 'subresources.kubevirt.io',
    resource: 'virtualmachines',
    subresource: 'start',
    namespace: 'team-a',
  })
  expect(questionOf({ verb: 'list', resource: 'nodes', namespace: '', name: 'n1' })).toEqual({
    verb: 'list',
    group: '',
    resource: 'nodes',
    name: 'n1',
  })
})

test('says which field is wrong', () => {
  expect(questionOf({ ...asked, verb: 'Get it' })).toMatchObject({ field: 'verb' })
  expect(questionOf({ ...asked, resource: '' })).toMatchObject({ field: 'resource' })
  expect(questionOf({ ...asked, namespace: '../x' })).toMatchObject({ field: 'namespace' })
  expect(questionOf({ ...asked, name: 'A' })).toMatchObject({ field: 'name' })
})

test('can read every resource that it offers, and asks each verb’s question once', () => {
  for (const resource of knownResources) expect(questionOf({ ...asked, resource })).not.toHaveProperty('problem')
  expect(new Set(accessVerbs.map(({ question }) => JSON.stringify(question))).size).toBe(accessVerbs.length)
})
