import { beforeEach, afterEach, describe, expect, test } from 'vitest'
import { manualClock } from '../clock.ts'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'
import { ask } from '../testing/ask.ts'

let cluster: SimCluster
beforeEach(async () => {
  cluster = await startSimCluster({ scenario: 'empty', clock: manualClock() })
})
afterEach(() => cluster[Symbol.asyncDispose]())

const core = '/api/v1/namespaces/team-a'
const post = (path: string, body: object) => ask(cluster, 'admin', 'POST', path, body)
const messageOf = async (path: string, body: object) => {
  const answer = await post(path, body)
  return [answer.code, answer.json<{ message?: string }>().message]
}
const quota = (hard: Record<string, string>, more: object = {}) =>
  post(`${core}/resourcequotas`, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'team' }, spec: { hard, ...more } })
const status = async () => {
  await cluster.settle()
  return (await ask(cluster, 'admin', 'GET', `${core}/resourcequotas/team`)).json<{ status: unknown }>().status
}
const pod = (name: string, resources?: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'x', ...(resources ? { resources } : {}) }] },
})
const claim = (name: string, storage: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'ceph-block', resources: { requests: { storage } } },
})

describe('a ResourceQuota', () => {
  test('counts objects of every kind, and refuses one too many', async () => {
    await quota({ 'count/virtualmachinesnapshots.snapshot.kubevirt.io': '0', configmaps: '2' })
    const snapshot = {
      apiVersion: 'snapshot.kubevirt.io/v1beta1',
      kind: 'VirtualMachineSnapshot',
      metadata: { name: 's' },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'x' } },
    }
    expect(await messageOf('/apis/snapshot.kubevirt.io/v1beta1/namespaces/team-a/virtualmachinesnapshots', snapshot)).toEqual([
      403,
      'virtualmachinesnapshots.snapshot.kubevirt.io "s" is forbidden: exceeded quota: team, requested: count/virtualmachinesnapshots.snapshot.kubevirt.io=1, used: count/virtualmachinesnapshots.snapshot.kubevirt.io=0, limited: count/virtualmachinesnapshots.snapshot.kubevirt.io=0',
    ])
    const before = cluster.storage.list('configmaps', 'team-a').length
    const codes = []
    for (const name of ['a', 'b', 'c'])
      codes.push((await post(`${core}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })).code)
    expect(codes.filter((code) => code === 201)).toHaveLength(2 - before)
  })

  test("adds up pods' requests and limits, without those that have ended", async () => {
    await quota({ pods: '3', 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.memory': '2Gi' })
    const resources = { requests: { cpu: '400m', memory: '512Mi' }, limits: { memory: '600Mi' } }
    for (const name of ['a', 'b']) expect((await post(`${core}/pods`, pod(name, resources))).code).toBe(201)
    expect(await status()).toEqual({
      hard: { pods: '3', 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.memory': '2Gi' },
      used: { pods: '2', 'requests.cpu': '800m', 'requests.memory': '1Gi', 'limits.memory': '1200Mi' },
    })
    expect(await messageOf(`${core}/pods`, pod('c', resources))).toEqual([
      403,
      'pods "c" is forbidden: exceeded quota: team, requested: requests.cpu=400m,requests.memory=512Mi, used: requests.cpu=800m,requests.memory=1Gi, limited: requests.cpu=1,requests.memory=1Gi',
    ])
    const ended = cluster.storage.get('pods', 'team-a', 'a')
    cluster.storage.update('pods', { ...ended!, status: { phase: 'Succeeded' } })
    expect((await post(`${core}/pods`, pod('c', resources))).code).toBe(201)
  })

  test('wants pods to say what they need of what it limits', async () => {
    await quota({ 'requests.cpu': '1', 'limits.memory': '1Gi' })
    expect(await messageOf(`${core}/pods`, pod('a'))).toEqual([
      403,
      'pods "a" is forbidden: failed quota: team: must specify limits.memory for: main; requests.cpu for: main',
    ])
  })

  test('limits storage in all and by class, and what a claim grows by', async () => {
    await quota({
      'requests.storage': '10Gi',
      'ceph-block.storageclass.storage.k8s.io/requests.storage': '8Gi',
      persistentvolumeclaims: '5',
    })
    expect((await post(`${core}/persistentvolumeclaims`, claim('a', '6Gi'))).code).toBe(201)
    expect(await messageOf(`${core}/persistentvolumeclaims`, claim('b', '3Gi'))).toEqual([
      403,
      'persistentvolumeclaims "b" is forbidden: exceeded quota: team, requested: ceph-block.storageclass.storage.k8s.io/requests.storage=3Gi, used: ceph-block.storageclass.storage.k8s.io/requests.storage=6Gi, limited: ceph-block.storageclass.storage.k8s.io/requests.storage=8Gi',
    ])
    const grown = cluster.storage.get('persistentvolumeclaims', 'team-a', 'a')
    const answer = await ask(cluster, 'admin', 'PUT', `${core}/persistentvolumeclaims/a`, {
      ...grown,
      spec: { ...(grown?.['spec'] as object), resources: { requests: { storage: '9Gi' } } },
    })
    expect(answer.json<{ message: string }>().message).toContain('requested: ceph-block.storageclass.storage.k8s.io/requests.storage=3Gi')
  })

  test('with a scope is about the pods of that scope only', async () => {
    await quota({ pods: '0' }, { scopes: ['BestEffort'] })
    expect((await post(`${core}/pods`, pod('careful', { requests: { cpu: '1' } }))).code).toBe(201)
    expect((await post(`${core}/pods`, pod('careless'))).code).toBe(403)
    expect((await post(`${core}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })).code).toBe(201)
  })

  test('gives back what is deleted', async () => {
    await quota({ persistentvolumeclaims: '1' })
    await post(`${core}/persistentvolumeclaims`, claim('a', '1Gi'))
    expect(await status()).toMatchObject({ used: { persistentvolumeclaims: '1' } })
    await ask(cluster, 'admin', 'DELETE', `${core}/persistentvolumeclaims/a`)
    expect(await status()).toMatchObject({ used: { persistentvolumeclaims: '0' } })
  })
})

describe('a LimitRange', () => {
  const range = (limits: object[]) =>
    post(`${core}/limitranges`, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'limits' }, spec: { limits } })

  test('gives containers what they do not ask for', async () => {
    await range([{ type: 'Container', default: { memory: '512Mi' }, defaultRequest: { cpu: '100m' } }])
    const created = (await post(`${core}/pods`, pod('a'))).json<{ spec: { containers: { resources: unknown }[] } }>()
    expect(created.spec.containers[0]?.resources).toEqual({ limits: { memory: '512Mi' }, requests: { cpu: '100m', memory: '512Mi' } })
  })

  test('refuses containers and claims beyond its bounds', async () => {
    await range([
      { type: 'Container', max: { memory: '1Gi' } },
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
    ])
    expect(await messageOf(`${core}/pods`, pod('a', { limits: { memory: '2Gi' } }))).toEqual([
      403,
      'pods "a" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    ])
    expect(await messageOf(`${core}/persistentvolumeclaims`, claim('c', '500Mi'))).toEqual([
      403,
      'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi',
    ])
  })
})
