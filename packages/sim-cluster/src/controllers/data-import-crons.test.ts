import type { KubeObject } from '@virtdeck/k8s'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nextRunMs } from './cron-schedule.ts'
import { dataImportCrons, dataSources, dataVolumes, pvcs, volumeSnapshots } from './objects.ts'
import { startTestCluster } from './testing.ts'

describe('a cron expression', () => {
  const next = (expression: string, after: string) => {
    const at = nextRunMs(expression, Date.parse(after))
    return at === undefined ? undefined : new Date(at).toISOString()
  }
  test.each([
    ['30 4 * * *', '2026-11-20T10:00:00Z', '2026-11-21T04:30:00.000Z'],
    ['*/15 * * * *', '2026-11-20T10:15:00Z', '2026-11-20T10:30:00.000Z'],
    ['0 0 * * 1-5', '2026-11-20T10:00:00Z', '2026-11-23T00:00:00.000Z'],
    ['0 0 29 2 *', '2026-11-20T10:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 12 1 * 0', '2026-11-20T10:00:00Z', '2026-11-22T12:00:00.000Z'],
    ['@daily', '2026-11-20T10:00:00Z', '2026-11-21T00:00:00.000Z'],
    ['61 * * * *', '2026-11-20T10:00:00Z', undefined],
    ['never', '2026-11-20T10:00:00Z', undefined],
  ])('%s is due after %s at %s', (expression, after, at) => {
    expect(next(expression, after)).toBe(at)
  })
})

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

function createCron(storageClassName: string, spec: object = {}): void {
  cluster.create(dataImportCrons, {
    metadata: {
      name: 'fedora-cron',
      namespace: 'team-a',
      labels: { 'instancetype.kubevirt.io/default-preference': 'fedora' },
      annotations: { 'simulation.virtdeck.io/image-version': '1' },
    },
    spec: {
      schedule: '0 * * * *',
      managedDataSource: 'fedora',
      importsToKeep: 2,
      template: {
        spec: {
          source: { registry: { url: 'docker://quay.io/containerdisks/fedora:41' } },
          storage: { storageClassName, resources: { requests: { storage: '2Gi' } } },
        },
      },
      ...spec,
    },
  } as KubeObject)
}
const cron = () => cluster.objects.get(dataImportCrons, 'team-a', 'fedora-cron')!
const source = () => cluster.objects.get(dataSources, 'team-a', 'fedora')
const release = (version: string) => {
  cluster.objects.setMetadata(dataImportCrons, cron(), {
    annotations: { ...cron().metadata.annotations, 'simulation.virtdeck.io/image-version': version },
  })
  cluster.seconds(3700)
}
const conditions = () =>
  Object.fromEntries(
    ((cron().status?.conditions ?? []) as { type: string; status: string; reason: string }[]).map((one) => [
      one.type,
      `${one.status} ${one.reason}`,
    ]),
  )

test('an image is imported, snapshotted where its storage prefers that, and pointed at', () => {
  createCron('ceph-block')
  cluster.seconds(4)
  expect(conditions()).toEqual({ Progressing: 'True ImportProgressing', UpToDate: 'False ImportProgressing' })
  cluster.seconds(60)
  expect(conditions()).toEqual({ Progressing: 'False NoImport', UpToDate: 'True UpToDate' })
  const name = cron().status?.lastImportedPVC?.name ?? ''
  expect(name).toMatch(/^fedora-[0-9a-f]{12}$/)
  expect(cron().status).toMatchObject({
    sourceFormat: 'snapshot',
    currentImports: [{ DataVolumeName: name, Digest: expect.stringMatching(/^sha256:/) }],
  })
  expect(source()).toMatchObject({
    metadata: { labels: { 'instancetype.kubevirt.io/default-preference': 'fedora', 'cdi.kubevirt.io/dataImportCron': 'fedora-cron' } },
    spec: { source: { snapshot: { name, namespace: 'team-a' } } },
    status: { conditions: [{ type: 'Ready', status: 'True', message: 'DataSource is ready to be consumed' }] },
  })
  expect(cluster.objects.get(dataVolumes, 'team-a', name)).toBeUndefined()
  expect(cluster.objects.get(pvcs, 'team-a', name)).toBeUndefined()
})

test('a new image is imported at the next time, and the oldest goes', () => {
  createCron('local-path')
  cluster.seconds(90)
  const first = source()?.spec.source.pvc?.name
  release('2')
  const second = source()?.spec.source.pvc?.name
  release('3')
  const third = source()?.spec.source.pvc?.name
  expect(new Set([first, second, third]).size).toBe(3)
  const kept = new Set(cluster.objects.list(dataVolumes, 'team-a').map((dv) => dv.metadata.name))
  expect(kept).toEqual(new Set([second, third]))
  expect(cron().status?.sourceFormat).toBe('pvc')
})

test('a VM that clones the DataSource waits until there is something to clone', () => {
  cluster.create(dataVolumes, {
    metadata: { name: 'disk', namespace: 'team-a' },
    spec: {
      sourceRef: { kind: 'DataSource', name: 'fedora', namespace: 'team-a' },
      storage: { resources: { requests: { storage: '3Gi' } } },
    },
  } as KubeObject)
  cluster.seconds(5)
  expect(cluster.objects.get(dataVolumes, 'team-a', 'disk')?.status?.phase).toBe('CloneScheduled')
  createCron('ceph-block')
  cluster.seconds(120)
  expect(cluster.objects.get(dataVolumes, 'team-a', 'disk')?.status?.phase).toBe('Succeeded')
})

test('what was imported goes with a cron that retains nothing', () => {
  createCron('ceph-block', { retentionPolicy: 'None' })
  cluster.seconds(60)
  cluster.remove(dataImportCrons, 'fedora-cron')
  cluster.seconds(5)
  expect([cron(), source(), ...cluster.objects.list(volumeSnapshots, 'team-a')]).toEqual([undefined, undefined])
})
