import { afterAll, beforeAll, expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'
import { ask } from '../testing/ask.ts'
import { apiResources } from './api-resources.ts'

let cluster: SimCluster
beforeAll(async () => {
  cluster = await startSimCluster({ scenario: 'empty', clock: manualClock() })
})
afterAll(() => cluster[Symbol.asyncDispose]())

type Condition = { type: string; status: string; reason: string }
type Crd = {
  metadata: { name: string }
  spec: {
    versions: { name: string; schema: { openAPIV3Schema: { properties: Record<string, { type: string }> } }; subresources?: object }[]
  }
  status: { conditions: Condition[] }
}
const get = async <T>(path: string) => (await ask(cluster, 'admin', 'GET', path)).json<T>()

test('every custom kind has a definition that is established, with its schema, columns and subresources', async () => {
  const { items } = await get<{ items: Crd[] }>('/apis/apiextensions.k8s.io/v1/customresourcedefinitions')
  const custom = apiResources.filter((resource) => resource.custom)
  expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual(custom.map(({ plural, group }) => `${plural}.${group}`).toSorted())
  for (const { status } of items) expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }))
  const pool = items.find(({ metadata }) => metadata.name === 'virtualmachinepools.pool.kubevirt.io')
  expect(pool?.spec.versions[0]).toMatchObject({
    subresources: { scale: { specReplicasPath: '.spec.replicas' }, status: {} },
    schema: { openAPIV3Schema: { properties: { metadata: { type: 'object' }, spec: { type: 'object' } } } },
  })
})

test('every group version has an APIService, and those of virt-api say when it cannot be reached', async () => {
  type ApiService = { spec: { service?: object }; status: { conditions: Condition[] } }
  const path = '/apis/apiregistration.k8s.io/v1/apiservices'
  expect(await get<ApiService>(`${path}/v1.kubevirt.io`)).toMatchObject({
    status: { conditions: [{ type: 'Available', reason: 'Local' }] },
  })
  const virtApi = () => get<ApiService>(`${path}/v1.subresources.kubevirt.io`)
  expect((await virtApi()).spec.service).toEqual({ name: 'virt-api', namespace: 'kubevirt', port: 443 })
  cluster.virtApi.reachable = false
  expect((await virtApi()).status.conditions[0]).toMatchObject({ status: 'False', reason: 'FailedDiscoveryCheck' })
  cluster.virtApi.reachable = true
  expect((await virtApi()).status.conditions[0]).toMatchObject({ status: 'True', reason: 'Passed' })
})
