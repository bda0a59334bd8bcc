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
