import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  StatusError,
  collectionPath,
  objectPath,
  resources,
  subresourcePath,
  type PersistentVolumeClaim,
  type VirtualMachine,
} from '@virtdeck/k8s'
import { deletePlan, vmCan, vmRequest, type VmVerb } from '@virtdeck/kubevirt'
import { passGate } from './gate.ts'
import { routes } from './routes.ts'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'

vi.setConfig({ testTimeout: propertyTimeoutMs })

function refusedWith(method: string, target: string): number {
  try {
    passGate(method, target)
  } catch (error) {
    if (error instanceof StatusError) return error.code
    throw error
  }
  return 200
}

const ref = { namespace: 'team-a', name: 'web-01' }

test('lets through what the pages need, as they write it', () => {
  const vms = collectionPath(resources.virtualMachines, 'team-a')
  expect(passGate('GET', vms)).toMatchObject({ path: vms, namespace: 'team-a', kind: 'json' })
  expect(passGate('GET', objectPath(resources.virtualMachines, ref))).toMatchObject(ref)
  expect(passGate('PUT', subresourcePath('virtualmachines', ref, 'start'))).toMatchObject({ ...ref, kind: 'action' })
  expect(passGate('GET', subresourcePath('virtualmachineinstances', ref, 'vnc/screenshot')).kind).toBe('image')
  expect(passGate('CONNECT', subresourcePath('virtualmachineinstances', ref, 'console')).kind).toBe('console')
  expect(passGate('WATCH', `${vms}?fieldSelector=metadata.name%3Dweb-01`).path).toBe(`${vms}?fieldSelector=metadata.name%3Dweb-01`)
  expect(passGate('WATCH', collectionPath(resources.podDisruptionBudgets)).kind).toBe('json')
  expect(passGate('POST', collectionPath(resources.secrets, 'team-a')).kind).toBe('json')
  expect(refusedWith('DELETE', `${objectPath(resources.virtualMachines, ref)}?propagationPolicy=Foreground`)).toBe(200)
})

test.each(Object.keys(vmCan) as VmVerb[])('lets the verb %s through', (verb) => {
  const target = { ...ref, migration: { name: 'web-01-move', phase: 'Running' } }
  const { method, path } = vmRequest(verb, target, { snapshotName: 'web-01-before' })
  const opens = verb === 'vnc' || verb === 'console'
  expect(refusedWith(opens ? 'CONNECT' : method, path)).toBe(200)
})

test('lets a disk be kept whose VM owns the claim itself, as after CDI has collected the DataVolume [F039]', () => {
  const metadata = { ...ref, uid: 'vm-1', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' }
  const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: ref.name, uid: metadata.uid }
  const vm: VirtualMachine = { metadata, spec: { template: { spec: { domain: { devices: {} } } } } }
  const pvc: PersistentVolumeClaim = { metadata: { ...metadata, name: 'web-01-root', uid: 'pvc-1', ownerReferences: [owner] } }
  const steps = deletePlan(vm, { dataVolumes: [], pvcs: [pvc], otherVms: [] }, { disks: { 'web-01-root': 'keep' } })
  expect(steps.map(({ does, request }) => [does, refusedWith(request.method, request.path)])).toEqual([
    ['release-disk', 200],
    ['delete-vm', 200],
  ])
})

test.each([
  ['GET', '/api/v1/namespaces/team-a/pods/p/exec'],
  ['GET', '/api/v1/namespaces/team-a/pods/p/log'],
  ['POST', '/api/v1/namespaces/team-a/pods/p/portforward'],
  ['GET', '/api/v1/namespaces/team-a/services/s/proxy/x'],
  ['GET', '/api/v1/nodes/n/proxy/metrics'],
  ['POST', '/api/v1/namespaces/team-a/serviceaccounts/default/token'],
  ['GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests'],
  ['GET', '/metrics'],
  ['GET', '/debug/pprof'],
  ['GET', '/logs/kube-apiserver.log'],
  ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
])('knows no %s %s [P-02]', (method, path) => {
  expect(refusedWith(method, path)).toBe(404)
})

test.each([
  ['GET', '/api/v1/namespaces/team-a/secrets'],
  ['GET', '/api/v1/secrets'],
  ['GET', '/api/v1/namespaces/team-a/secrets/s'],
  ['WATCH', '/api/v1/namespaces/team-a/secrets'],
  ['DELETE', '/api/v1/namespaces/team-a/secrets'],
  ['DELETE', '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'],
  ['TRACE', '/version'],
  ['GET', subresourcePath('virtualmachineinstances', ref, 'vnc')],
])('refuses %s %s without a request [P-02] [P-12]', (method, path) => {
  expect([404, 405]).toContain(refusedWith(method, path))
})

test.each([
  '//evil.example/version',
  '/version/',
  '/version//',
  '/apis/../version',
  '/apis/./version',
  '/api/v1/namespaces/a%2fb/pods',
  '/api/v1/namespaces/%2e%2e/pods',
  '/version%00',
  '/version\\x',
  '/version#x',
  '/version;x',
  'http://evil.example/version',
  '/api/v1/namespaces/tëam/pods',
  '',
  '*',
])('reads no path in two ways: %s [P-01]', (target) => {
  expect(refusedWith('GET', target)).toBe(400)
})

test.each([
  'labelSelector=a&labelSelector=b',
  'watch=1',
  'pretty=true',
  'labelSelector=%',
  'labelSelector=%ff',
  'labelSelector=%0a',
  'labelSelector=a=b',
  'label%53elector=a',
  '&',
  `labelSelector=${'a'.repeat(3000)}`,
])('takes no query that is not in the table or reads in two ways: %s', (query) => {
  expect(refusedWith('GET', `${collectionPath(resources.virtualMachines)}?${query}`)).toBe(400)
})

test('forwards what it parsed: any target is refused, or is a template with names in it [P-01]', () => {
  const segment = fc.oneof(
    fc.constantFrom(
      'api',
      'apis',
      'v1',
      'namespaces',
      'pods',
      'kubevirt.io',
      'virtualmachines',
      'exec',
      'proxy',
      '..',
      '.',
      '',
      '%2e%2e',
      '\\',
      '*',
    ),
    fc.string({ maxLength: 8 }),
  )
  const target = fc.oneof(
    fc.array(segment, { maxLength: 9 }).map((segments) => `/${segments.join('/')}`),
    fc
      .tuple(fc.constantFrom(...routes), fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }))
      .map(([route, a, b]) => route.template.replace(':namespace', a).replace(':name', b)),
    fc.webUrl(),
    fc.string(),
  )
  const query = fc.oneof(
    fc.constant(''),
    fc.string().map((text) => `?${text}`),
    fc.string().map((text) => `?labelSelector=${encodeURIComponent(text)}`),
  )
  const templates = routes.map(
    ({ template }) => new RegExp(`^${template.replaceAll(/[.]/g, '\\.').replaceAll(/:\w+/g, '[a-z0-9][-a-z0-9.]*')}$`),
  )
  fc.assert(
    fc.property(fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'CONNECT', 'WATCH'), target, query, (method, path, tail) => {
      let passed
      try {
        passed = passGate(method, path + tail)
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
        return
      }
      const url = new URL(passed.path, 'https://api.example')
      expect(url.origin).toBe('https://api.example')
      expect(url.pathname).toBe(passed.path.split('?')[0])
      expect(templates.some((shape) => shape.test(url.pathname))).toBe(true)
      expect(url.searchParams.toString()).toBe(passed.query.toString())
    }),
    { numRuns: propertyRuns },
  )
})
