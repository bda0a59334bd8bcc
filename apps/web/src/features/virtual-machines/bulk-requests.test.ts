import { failure } from '@virtdeck/k8s'
import type { VolumeRow } from '@virtdeck/kubevirt'
import { afterEach, expect, test, vi } from 'vitest'
import { vmRow } from '../../components/test-rows.ts'
import { createDeletions } from './bulk-requests.ts'

const row = vmRow('web', { uid: 'uid-web' })
const disk = { uid: 'uid-data', namespace: 'shop', name: 'data', createdAt: 0, vms: ['web'] } as unknown as VolumeRow
const vm = {
  metadata: { namespace: 'shop', name: 'web', uid: 'uid-web' },
  spec: { template: { spec: { domain: {}, volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] } } },
}
const claim = { metadata: { namespace: 'shop', name: 'data', uid: 'uid-data' }, spec: {} }

/** A cluster with these objects by their names. VMs have gone by the time they are to be deleted: nothing is followed. */
function clusterOf(objects: Map<string, object>, refuses: (name: string) => boolean) {
  const deletions: string[] = []
  vi.stubGlobal('fetch', (url: string, { method }: RequestInit) => {
    const name = /[^/]+\/[^/]+$/.exec(url)?.[0] ?? ''
    if (method === 'DELETE') {
      deletions.push(name)
      if (name.startsWith('virtualmachines/')) objects.delete(name)
      if (refuses(name)) return Promise.resolve(Response.json(failure(403, 'no'), { status: 403 }))
    }
    const object = objects.get(name)
    return Promise.resolve(object ? Response.json(object) : Response.json(failure(404, `${name} not found`), { status: 404 }))
  })
  return deletions
}
afterEach(() => vi.unstubAllGlobals())

test('goes on with the disk that is left where the VM has gone already [F228]', async () => {
  const objects = new Map<string, object>([
    ['virtualmachines/web', vm],
    ['persistentvolumeclaims/data', claim],
  ])
  let refusing = true
  const deletions = clusterOf(objects, (name) => refusing && name === 'persistentvolumeclaims/data')
  const deleteVmAnd = createDeletions(0)
  const doomed = () => deleteVmAnd(row, [disk], () => 'delete')
  await expect(doomed()).rejects.toThrow('data: no')
  refusing = false
  await expect(doomed()).resolves.toEqual({ kind: 'done' })
  expect(deletions).toEqual(['virtualmachines/web', 'persistentvolumeclaims/data', 'persistentvolumeclaims/data'])
})

test('leaves a VM alone that has taken the name since', async () => {
  const other = { ...vm, metadata: { ...vm.metadata, uid: 'uid-other' } }
  const deletions = clusterOf(new Map([['virtualmachines/web', other]]), () => false)
  await expect(createDeletions(0)(row, [disk], () => 'delete')).rejects.toThrow('Another VM has taken its name')
  expect(deletions).toEqual([])
})
