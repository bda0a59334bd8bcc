// Unmodified @kubernetes/client-node against the API server: what it reads, others of its kind can read.
import { CoreV1Api, CustomObjectsApi, KubeConfig, VersionApi, Watch, AuthorizationV1Api, ApiException } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from './testing/test-api-server.ts'

function configOf(server: TestApiServer, user: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromString(server.kubeconfig(user))
  return config
}

const virtualMachines = { group: 'kubevirt.io', version: 'v1', plural: 'virtualmachines', namespace: 'team-a' }
const vm = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name: 'web' },
  spec: { runStrategy: 'Halted', template: {} },
}

test('client-node creates, reads, lists and deletes custom objects, and gets the Status of a refusal', async () => {
  await using server = await startTestApiServer()
  const objects = configOf(server, 'alice').makeApiClient(CustomObjectsApi)
  await objects.createNamespacedCustomObject({ ...virtualMachines, body: vm })
  expect(await objects.getNamespacedCustomObject({ ...virtualMachines, name: 'web' })).toMatchObject({ metadata: { namespace: 'team-a' } })
  const list = (await objects.listNamespacedCustomObject(virtualMachines)) as { items: unknown[] }
  expect(list.items).toHaveLength(1)
  await objects.deleteNamespacedCustomObject({ ...virtualMachines, name: 'web' })
  const refused = objects.listNamespacedCustomObject({ ...virtualMachines, namespace: 'team-b' })
  await expect(refused).rejects.toBeInstanceOf(ApiException)
  await expect(refused).rejects.toMatchObject({ code: 403 })
})

test('client-node reads built-in kinds through its typed models', async () => {
  await using server = await startTestApiServer()
  const config = configOf(server, 'admin')
  const { items } = await config.makeApiClient(CoreV1Api).listNamespace()
  expect(items.map((namespace) => namespace.metadata?.name)).toEqual(['default', 'team-a', 'team-b'])
  expect(items[0]?.metadata?.creationTimestamp).toEqual(new Date('2026-11-20T10:00:00Z'))
  expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toBe('v1.32.13')
  const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: {
      spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } },
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
    },
  })
  expect(review.status?.allowed).toBe(true)
})

test('client-node watches', async () => {
  await using server = await startTestApiServer()
  const events: string[] = []
  let wake = () => {}
  const stop = await new Watch(configOf(server, 'admin')).watch(
    '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines',
    { allowWatchBookmarks: true },
    (type: string, object: { metadata?: { name?: string } }) => {
      events.push(`${type} ${object.metadata?.name ?? ''}`)
      wake()
    },
    () => {},
  )
  const until = async (count: number) => {
    while (events.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  await until(1)
  server.storage.create('virtualmachines.kubevirt.io', { metadata: { name: 'web', namespace: 'team-a' } })
  await until(2)
  server.storage.delete('virtualmachines.kubevirt.io', 'team-a', 'web')
  await until(3)
  expect(events).toEqual(['BOOKMARK ', 'ADDED web', 'DELETED web'])
  stop.abort()
})
