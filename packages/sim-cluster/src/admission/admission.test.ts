// The webhooks against what real ones answered. The captures are not part of the repository: without them, only the
// cases that this file names itself are tested.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { KubeObject } from '@virtdeck/k8s'
import { describe, expect, test } from 'vitest'
import { apiResource } from '../api/api-resources.ts'
import { schemaProblems } from '../api/field-validation.ts'
import { ApiError } from '../api/status.ts'
import { manualClock } from '../clock.ts'
import { loadSchemas } from '../openapi/load.ts'
import { seedBase } from '../scenarios/cluster-base.ts'
import { smallNodes } from '../scenarios/small.ts'
import { createStorage } from '../storage/storage.ts'
import { createAdmission } from './create-admission.ts'
import { refuseUnreadable } from './schemas.ts'

const schemas = await loadSchemas()
const captures = new URL('../../../../../shared/captures/admission/', import.meta.url)

function startAdmission() {
  const clock = manualClock()
  const storage = createStorage(clock)
  seedBase(storage, { nowMs: clock.now(), namespaces: [{ name: 'team-a' }, { name: 'team-b' }], nodes: smallNodes })
  const chain = createAdmission({ storage, clock })
  const admit = (key: string, object: KubeObject, { previous, username = 'alice' }: { previous?: KubeObject; username?: string } = {}) => {
    const resource = apiResource(key)
    refuseUnreadable(resource, previous ? 'update' : 'create', schemaProblems(schemas, resource, object, previous))
    return chain.reduce(
      (admitted, admission) =>
        admission({
          verb: previous ? 'update' : 'create',
          key,
          object: admitted,
          ...(previous ? { previous } : {}),
          user: { username, groups: ['system:authenticated'] },
          dryRun: true,
        }),
      object,
    )
  }
  return { storage, admit }
}

type Capture = {
  request: { method: string; path: string; body?: KubeObject }
  response: { status: number; body: { message?: string; reason?: string; details?: { causes?: unknown }; code?: number } }
}

/** What other parts of the API server answer, or what these webhooks need more for. */
const elsewhere = new Set([
  'vmim-403-edit-role', // RBAC
  'instancetype-no-cpu', // CRD schema
  'vmpool-selector-mismatch', // pools are not served
  'upload-token-request', // not a stored object
])

describe.skipIf(!existsSync(captures))('answers like the recorded webhooks', () => {
  const names = existsSync(captures) ? readdirSync(captures).map((name) => name.replace(/\.json$/, '')) : []
  const creations = names.flatMap((name) => {
    const capture = JSON.parse(readFileSync(new URL(`${name}.json`, captures), 'utf8')) as Capture
    return capture.request.method === 'POST' && !elsewhere.has(name) ? [{ name, capture }] : []
  })
  test.each(creations)('$name', ({ capture: { request, response } }) => {
    const { admit } = startAdmission()
    const [, group, plural] = /^\/apis\/([^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/?]+)/.exec(request.path) ?? []
    const object = request.body as KubeObject
    const complete = { ...object, metadata: { namespace: 'team-a', ...object.metadata } }
    const answer = () => {
      try {
        admit(`${plural}.${group}`, complete)
        return { code: 201 }
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        const { code, message, reason, details } = error.status
        return { code, message, reason, causes: details?.causes }
      }
    }
    const { message, reason, details } = response.body
    expect(answer()).toEqual(response.status < 400 ? { code: 201 } : { code: response.status, message, reason, causes: details?.causes })
  })
})

const vm = (spec: object = {}): KubeObject => ({
  metadata: { name: 'vm1', namespace: 'team-a' },
  spec: {
    runStrategy: 'Halted',
    template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} } } },
    ...spec,
  },
})
const vms = 'virtualmachines.kubevirt.io'

test('a VM gets machine type, architecture and firmware ids', () => {
  const { admit } = startAdmission()
  expect(admit(vms, vm())['spec']).toMatchObject({
    template: {
      metadata: { annotations: { 'kubevirt.io/pci-topology-version': 'v3' } },
      spec: {
        architecture: 'amd64',
        domain: { machine: { type: 'q35' }, firmware: { uuid: expect.stringMatching(/^[0-9a-f-]{36}$/), serial: expect.any(String) } },
      },
    },
  })
})

test('an instance type is inferred from the image that the disk is cloned from', () => {
  const { admit } = startAdmission()
  const inferred = vm({
    instancetype: { inferFromVolume: 'root' },
    preference: { inferFromVolume: 'root' },
    dataVolumeTemplates: [
      { metadata: { name: 'd' }, spec: { source: { pvc: { name: 'ubuntu-24-04', namespace: 'vmo-golden-images' } }, storage: {} } },
    ],
    template: { spec: { domain: { devices: { disks: [{ name: 'root' }] } }, volumes: [{ name: 'root', dataVolume: { name: 'd' } }] } },
  })
  expect(admit(vms, inferred)['spec']).toMatchObject({ instancetype: { name: 'u1.medium' }, preference: { name: 'ubuntu' } })
})

test('a VM without a template is refused by the mutator, a restore in progress keeps it from starting [F109]', () => {
  const { admit } = startAdmission()
  expect(() => admit(vms, { ...vm(), spec: { runStrategy: 'Halted' } })).toThrow(
    'admission webhook "virtualmachines-mutator.kubevirt.io" denied the request: spec.template in body is required',
  )
  const restoring = { ...admit(vms, vm()), status: { restoreInProgress: 'restore1' } } as KubeObject
  const started = { ...restoring, spec: { ...(restoring['spec'] as object), runStrategy: 'Always' } }
  expect(() => admit(vms, started, { previous: restoring })).toThrow('Cannot start VM until restore "restore1" completes')
})

test.each([
  ['userData', 'é'.repeat(1_000), 'accepted'],
  ['userData', 'é'.repeat(1_025), 'userdata exceeds 2048 byte limit. Should use UserDataSecretRef for larger data.'],
  ['userDataBase64', Buffer.alloc(2_048).toString('base64'), 'accepted'],
  ['userDataBase64', Buffer.alloc(2_049).toString('base64'), 'userdata exceeds 2048 byte limit.'],
  ['userDataBase64', 'no base64!', 'userDataBase64 is not a valid base64 value.'],
  ['networkData', 'x'.repeat(2_049), 'networkdata exceeds 2048 byte limit. Should use NetworkDataSecretRef for larger data.'],
  ['networkDataBase64', Buffer.alloc(2_049).toString('base64'), 'networkdata exceeds 2048 byte limit.'],
])('cloud-init is measured in bytes, whichever way it is given: %s %#', (name, text, expected) => {
  const { admit } = startAdmission()
  const volumes = [{ name: 'init', cloudInitNoCloud: { [name]: text } }]
  const answer = () => {
    try {
      admit(vms, vm({ template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} }, volumes } } }))
      return 'accepted'
    } catch (error) {
      return String(error)
    }
  }
  expect(answer()).toContain(expected)
})

test('cloud-init has one source of user data', () => {
  const { admit } = startAdmission()
  const volumes = [{ name: 'init', cloudInitNoCloud: { userData: 'a', userDataBase64: 'YQ==', networkData: 'b' } }]
  expect(() => admit(vms, vm({ template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} }, volumes } } }))).toThrow(
    'denied the request: spec.template.spec.volumes[0].cloudInitNoCloud must have only one userdatasource set.',
  )
})

test('a restore changes the VM below its spec, its labels and its annotations, and nowhere else', () => {
  const { admit, storage } = startAdmission()
  storage.create('virtualmachinesnapshots.snapshot.kubevirt.io', { metadata: { name: 's', namespace: 'team-a' } })
  const restoring = (patch: string) =>
    admit('virtualmachinerestores.snapshot.kubevirt.io', {
      metadata: { name: 'r', namespace: 'team-a' },
      spec: {
        target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'vm2' },
        virtualMachineSnapshotName: 's',
        patches: [patch],
      },
    })
  expect(restoring('{"op": "replace", "path": "/spec/template/spec/hostname", "value": "x"}')).toBeDefined()
  expect(restoring('{"op": "add", "path": "/metadata/labels/a", "value": "x"}')).toBeDefined()
  expect(() => restoring('{"op": "replace", "path": "/metadata/name", "value": "x"}')).toThrow(
    'patching is valid only for elements under /spec/ only:  "path": "/metadata/name"',
  )
  expect(() => restoring('hello')).toThrow('patch format is not valid - one ":" expected in a single key-value json patch: hello')
})

test('one restore at a time', () => {
  const { admit, storage } = startAdmission()
  const restore = (name: string) => ({
    metadata: { name, namespace: 'team-a' },
    spec: { target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'vm1' }, virtualMachineSnapshotName: 's' },
  })
  storage.create('virtualmachinerestores.snapshot.kubevirt.io', restore('first'))
  expect(() => admit('virtualmachinerestores.snapshot.kubevirt.io', restore('second'))).toThrow('VirtualMachineRestore "first" in progress')
})

test("golden images may be cloned by everybody, another team's disks may not", () => {
  const { admit } = startAdmission()
  const clone = (namespace: string) => ({
    metadata: { name: 'd', namespace: 'team-a' },
    spec: { source: { pvc: { name: 'x', namespace } }, storage: {} },
  })
  expect(admit('datavolumes.cdi.kubevirt.io', clone('vmo-golden-images'))).toBeDefined()
  expect(() => admit('datavolumes.cdi.kubevirt.io', clone('team-b'))).toThrow(
    'User alice has insufficient permissions in clone source namespace team-b',
  )
})
