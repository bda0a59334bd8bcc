import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { objectYaml } from './vm-yaml-tab.tsx'

const vm = {
  kind: 'VirtualMachine',
  apiVersion: 'kubevirt.io/v1',
  status: { printableStatus: 'Running' },
  spec: {
    runStrategy: 'Always',
    template: { spec: { volumes: [{ name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\npassword: fedora\n' } }] } },
  },
  metadata: { name: 'web-01', managedFields: [{ manager: 'kubectl', operation: 'Update' }] },
}

test('YAML equals the live object; managedFields only when asked for [F024]', () => {
  const { managedFields: _, ...metadata } = vm.metadata
  expect(parse(objectYaml(vm, { managedFields: false }))).toEqual({ ...vm, metadata })
  expect(parse(objectYaml(vm, { managedFields: true }))).toEqual(vm)
})

test('fields stand in the order that kubectl prints them in', () => {
  const topLevel = objectYaml(vm, { managedFields: false }).match(/^\w+/gm)
  expect(topLevel).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status'])
})

test.each([900, 5_000, 50_000])('says of an object of %i levels that it is too deep, ten times over [X-09]', (levels) => {
  let spec: unknown = 1
  for (let level = 0; level < levels; level += 1) spec = level % 2 ? [spec] : { a: spec }
  for (let round = 0; round < 10; round += 1)
    expect(objectYaml({ metadata: { name: 'bomb' }, spec }, { managedFields: false })).toMatch(
      /^# This object is nested more than 200 levels/,
    )
})

test('writes wide objects, shared ones and words that YAML knows as what they are [X-09]', () => {
  const shared = { list: Array.from({ length: 100 }, (_, index) => index) }
  const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key-${index}`, 'x']))
  const traps = {
    '&a': '!!js/function',
    no: 'no',
    zero: '0777',
    time: '12:30:45',
    thousand: '1_000',
    null: 'null',
    lines: 'a\n---\nb: c',
  }
  const object = { metadata: { name: 'wide' }, spec: { keys, traps, one: shared, other: shared } }
  const text = objectYaml(object, { managedFields: false })
  expect(text).not.toMatch(/^\s*[^'"\n]*[&*]a\d/m)
  expect(parse(text, { maxAliasCount: 0, uniqueKeys: false })).toEqual(object)
  expect(parse(text, { version: '1.1', maxAliasCount: 0, uniqueKeys: false })).toEqual(object)
}, 60_000)
