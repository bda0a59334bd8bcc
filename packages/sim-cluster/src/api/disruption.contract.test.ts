import { afterEach, beforeEach, expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'
import { ask } from '../testing/ask.ts'

let cluster: SimCluster
beforeEach(async () => {
  cluster = await startSimCluster({ scenario: 'empty', clock: manualClock() })
  for (const name of ['a', 'b', 'c']) {
    cluster.storage.create('pods', {
      metadata: { name, namespace: 'team-a', labels: { app: 'web' } },
      spec: { nodeName: 'node-1', containers: [{ name: 'main' }] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    })
  }
})
afterEach(() => cluster[Symbol.asyncDispose]())

const budgets = '/apis/policy/v1/namespaces/team-a/poddisruptionbudgets'
const budget = (name: string, spec: object) =>
  ask(cluster, 'admin', 'POST', budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  })
const evict = (name: string) =>
  ask(cluster, 'admin', 'POST', `/api/v1/namespaces/team-a/pods/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: 'team-a' },
  })

test('a budget counts its pods, and lets only so many go at once', async () => {
  await budget('web', { minAvailable: 2 })
  await cluster.settle()
  expect((await ask(cluster, 'admin', 'GET', `${budgets}/web`)).json()).toMatchObject({
    status: { expectedPods: 3, currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1, conditions: [{ status: 'True' }] },
  })
  expect((await evict('a')).code).toBe(201)
  const refused = await evict('b')
  expect([refused.code, refused.json()]).toMatchObject([
    429,
    {
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget web needs 2 healthy pods and has 2 currently' }] },
    },
  ])
})

test('a budget may be a share of the pods that are not to be missing', async () => {
  await budget('web', { maxUnavailable: '50%' })
  expect([(await evict('a')).code, (await evict('b')).code, (await evict('c')).code]).toEqual([201, 201, 429])
})

test('a pod that is not healthy may go while enough others are', async () => {
  await budget('web', { minAvailable: 2 })
  const pod = cluster.storage.get('pods', 'team-a', 'a')
  if (pod) cluster.storage.update('pods', { ...pod, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] } })
  expect([(await evict('a')).code, (await evict('b')).code]).toEqual([201, 429])
})

test('two budgets over one pod are one too many', async () => {
  await budget('web', { minAvailable: 0 })
  await budget('web-too', { minAvailable: 0 })
  expect((await evict('a')).code).toBe(500)
})
