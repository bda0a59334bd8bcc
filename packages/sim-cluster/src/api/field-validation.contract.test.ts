import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'
import type { StoredObject } from '../storage/storage.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'
const pods = '/api/v1/namespaces/team-a/pods'
const claims = '/api/v1/namespaces/team-a/persistentvolumeclaims'

const domain = { devices: {}, memory: { guest: '1Gi' } }
const vm = (name: string, change: { spec?: object; domain?: object; metadata?: object } = {}) => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name, ...change.metadata },
  spec: { runStrategy: 'Halted', template: { spec: { domain: { ...domain, ...change.domain } } }, ...change.spec },
})
const pod = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c' }], ...spec },
})

const post = (path: string, body: unknown, contentType?: string) =>
  server.request('admin', 'POST', path, { body, ...(contentType === undefined ? {} : { contentType }) })
const messageOf = async (path: string, body: unknown) => {
  const answer = await post(path, body)
  return [answer.code, answer.json().message]
}

describe('unknown fields', () => {
  const strict = `${vms}?fieldValidation=Strict&dryRun=All`

  test('are refused by Strict at every depth, with their paths', async () => {
    const odd = vm('odd', {
      domain: { foo: 1, devices: { disks: [{ name: 'a' }, { name: 'b', colour: 'red' }] } },
      metadata: { owner: 'me' },
    })
    expect(await messageOf(strict, odd)).toEqual([
      400,
      'VirtualMachine in version "v1" cannot be handled as a VirtualMachine: strict decoding error: unknown field "metadata.owner", unknown field "spec.template.spec.domain.devices.disks[1].colour", unknown field "spec.template.spec.domain.foo"',
    ])
  })

  test('are warned of by default, and dropped', async () => {
    const answer = await post(vms, vm('warned', { domain: { foo: 1 } }))
    expect(answer.code).toBe(201)
    expect(answer.headers['warning']).toBe(String.raw`299 - "unknown field \"spec.template.spec.domain.foo\""`)
    expect(answer.json<StoredObject>()).not.toHaveProperty('spec.template.spec.domain.foo')
  })

  test('are dropped without a word by Ignore', async () => {
    const answer = await post(`${vms}?fieldValidation=Ignore`, vm('ignored', { domain: { foo: 1 } }))
    expect([answer.code, answer.headers['warning']]).toEqual([201, undefined])
    expect(answer.json<StoredObject>()).not.toHaveProperty('spec.template.spec.domain.foo')
  })

  test('are kept where the schema leaves them open', async () => {
    const answer = await post(
      strict,
      vm('open', { spec: { template: { metadata: { labels: { a: 'b' }, anything: 1 }, spec: { domain } } } }),
    )
    expect(answer.json<StoredObject>()).toMatchObject({ spec: { template: { metadata: { anything: 1 } } } })
  })

  test('of built-in kinds are refused alike', async () => {
    expect(await messageOf(`${pods}?fieldValidation=Strict`, pod('p', { containers: [{ name: 'c', imagee: 'x' }] }))).toEqual([
      400,
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee"',
    ])
  })

  test('that a patch brings are refused with the object that it makes', async () => {
    await post(vms, vm('patched'))
    const answer = await server.request('admin', 'PATCH', `${vms}/patched?fieldValidation=Strict`, {
      body: { spec: { bogus: 1 } },
      contentType: 'application/merge-patch+json',
    })
    expect([answer.code, answer.json().reason, answer.json().details?.causes?.[0]?.field]).toEqual([422, 'Invalid', 'patch'])
    expect(answer.json().message).toMatch(
      /^ "" is invalid: patch: Invalid value: "\{.*\}": strict decoding error: unknown field "spec.bogus"$/,
    )
  })

  test('that are applied are not declared in the schema, whatever fieldValidation says', async () => {
    const answer = await server.request('admin', 'PATCH', `${vms}/applied?fieldManager=x&fieldValidation=Ignore`, {
      body: vm('applied', { spec: { bogus: 1 } }),
      contentType: 'application/apply-patch+yaml',
    })
    expect([answer.code, answer.json().message]).toEqual([
      500,
      'failed to create typed patch object (team-a/applied; kubevirt.io/v1, Kind=VirtualMachine): .spec.bogus: field not declared in schema',
    ])
  })
})

describe('duplicate fields', () => {
  const text = JSON.stringify(vm('twice')).replace('"runStrategy":"Halted"', '"runStrategy":"Always","runStrategy":"Halted"')

  test('are refused by Strict, and warned of by default, where the last one counts', async () => {
    expect(await messageOf(`${vms}?fieldValidation=Strict`, text)).toEqual([
      400,
      'VirtualMachine in version "v1" cannot be handled as a VirtualMachine: strict decoding error: duplicate field "spec.runStrategy"',
    ])
    const answer = await post(`${vms}?dryRun=All`, text)
    expect(answer.headers['warning']).toBe(String.raw`299 - "duplicate field \"spec.runStrategy\""`)
    expect(answer.json<StoredObject>()).toMatchObject({ spec: { runStrategy: 'Halted' } })
  })

  test('in applied YAML are refused by Strict with their line', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: b\n  a: c\n'
    const path = '/api/v1/namespaces/team-a/configmaps/x?fieldManager=x&fieldValidation=Strict'
    const answer = await server.request('admin', 'PATCH', path, { body, contentType: 'application/apply-patch+yaml' })
    expect([answer.code, answer.json().message]).toEqual([
      400,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key "a" already set in map',
    ])
  })
})

describe('values of the wrong type', () => {
  test("are refused in a VM by virt-api's webhook, which speaks first", async () => {
    expect(await messageOf(vms, vm('typed', { domain: { cpu: { cores: 'two' } } }))).toEqual([
      422,
      'admission webhook "virtualmachines-mutator.kubevirt.io" denied the request: spec.template.spec.domain.cpu.cores in body must be of type integer: "string"',
    ])
  })

  test('are refused in other custom kinds by their schema, all at once', async () => {
    const path = '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots'
    const answer = await post(path, {
      apiVersion: 'snapshot.kubevirt.io/v1beta1',
      kind: 'VirtualMachineSnapshot',
      metadata: { name: 's' },
      spec: { deletionPolicy: 5, source: 'vm' },
    })
    expect(answer.code).toBe(422)
    expect(answer.json().details?.causes).toEqual([
      {
        reason: 'FieldValueTypeInvalid',
        message: 'Invalid value: "integer": spec.deletionPolicy in body must be of type string: "integer"',
        field: 'spec.deletionPolicy',
      },
      {
        reason: 'FieldValueTypeInvalid',
        message: 'Invalid value: "string": spec.source in body must be of type object: "string"',
        field: 'spec.source',
      },
    ])
  })

  test("are refused in built-in kinds in the words of Go's decoder", async () => {
    expect(await messageOf(pods, pod('p', { terminationGracePeriodSeconds: 'soon' }))).toEqual([
      400,
      'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64',
    ])
    expect(await messageOf(pods, { ...pod('p', {}), metadata: { name: 'p', labels: { a: 5 } } })).toEqual([
      400,
      'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ])
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c' },
      spec: { resources: { requests: { storage: 'lots' } } },
    }
    expect(await messageOf(claims, claim)).toEqual([
      400,
      'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
    ])
  })

  test('that were there before do not keep other fields from being changed', async () => {
    server.storage.create('virtualmachinesnapshots.snapshot.kubevirt.io', {
      metadata: { name: 'old', namespace: 'team-a' },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'a' }, deletionPolicy: 5 },
    })
    const path = '/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots/old'
    const patch = (body: object) => server.request('admin', 'PATCH', path, { body, contentType: 'application/merge-patch+json' })
    expect((await patch({ metadata: { labels: { a: 'b' } } })).code).toBe(200)
    expect((await patch({ spec: { failureDeadline: 7 } })).code).toBe(422)
  })
})

test('refuses a directive that there is not', async () => {
  const answer = await post(`${vms}?fieldValidation=Sometimes`, vm('x'))
  expect([answer.code, answer.json().message]).toEqual([
    422,
    'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Sometimes": supported values: "Ignore", "Strict", "Warn"',
  ])
})

test('refuses YAML that cannot be read', async () => {
  const answer = await post(pods, 'kind: [Pod\n', 'application/yaml')
  expect([answer.code, answer.json().reason]).toEqual([400, 'BadRequest'])
})
