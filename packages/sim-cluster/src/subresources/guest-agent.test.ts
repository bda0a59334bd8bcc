import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestCluster } from '../controllers/testing.ts'

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
})
afterEach(() => {
  cluster.stop()
})

const ask = (subresource: string, name: string) =>
  cluster.put(`virtualmachineinstances/${subresource}`, name) as { code: number; json?: never; text?: string }
const withCloudInit = (userData: string) => ({
  templateSpec: {
    volumes: [
      { name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } },
      { name: 'cloudinit', cloudInitNoCloud: { userData } },
    ],
  },
})

test('the guest goes by the name that cloud-init gave it', () => {
  cluster.createVm('vm1', withCloudInit('#cloud-config\nhostname: intranet\n'))
  cluster.createVm('vm2', withCloudInit('#cloud-config\nfqdn: db.example.com\n'))
  cluster.createVm('vm3', { templateSpec: { hostname: 'mail' } })
  cluster.seconds(15)
  const names = ['vm1', 'vm2', 'vm3'].map((name) => (ask('guestosinfo', name).json as unknown as { hostname: string }).hostname)
  expect(names).toEqual(['intranet', 'db', 'mail'])
})

test('the agent tells the system that the VMI tells, nobody who is not logged in, and the disks of the VMI', () => {
  cluster.createVm('vm1', { disk: {} })
  cluster.seconds(60)
  const info = ask('guestosinfo', 'vm1').json as unknown as {
    os: object
    userList: unknown[]
    fsInfo: { disks: { diskName: string; totalBytes: number }[] }
  }
  expect(info.os).toEqual(cluster.vmi('vm1')?.status?.guestOSInfo)
  expect(info.userList).toEqual([])
  expect(ask('filesystemlist', 'vm1').json).toMatchObject({ items: info.fsInfo.disks })
  expect(info.fsInfo.disks).toMatchObject([{ diskName: 'vda1', mountPoint: '/', totalBytes: Math.floor(20 * 2 ** 30 * 0.95) }])
})

test('without an agent, and before it connects, there is only plain text', () => {
  cluster.createVm('vm1', { annotations: { 'simulation.virtdeck.io/guest-agent': 'none' } })
  cluster.seconds(15)
  for (const subresource of ['guestosinfo', 'userlist', 'filesystemlist']) {
    expect(ask(subresource, 'vm1')).toEqual({
      code: 500,
      text: expect.stringContaining('VMI does not have guest agent connected'),
    })
  }
})
