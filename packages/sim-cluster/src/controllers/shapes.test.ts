// The objects of one VM's life beside the recorded ones. The captures are not part of the repository.
import { existsSync, readFileSync } from 'node:fs'
import type { KubeObject, VirtualMachine } from '@virtdeck/k8s'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defaultVm } from '../admission/vm-defaults.ts'
import { migrations, vms } from './objects.ts'
import { startTestCluster } from './testing.ts'

const captures = new URL('../../../../../shared/captures/', import.meta.url)

const recorded = (name: string): { request: { body?: KubeObject }; response: { body: KubeObject & { items?: KubeObject[] } } } =>
  JSON.parse(readFileSync(new URL(name, captures), 'utf8')) as never

/** Values that have to differ become their kinds; what is left is to be equal. */
function normalised(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => normalised(item))
  if (value && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(
        ([name]) =>
          ![
            'managedFields',
            'resourceVersion',
            'generation',
            'lastTransitionTime',
            'lastProbeTime',
            'rig/agent',
            'kubevirt.io/nonroot',
          ].includes(name),
      )
      .map(([name, item]): [string, unknown] => [
        /^[0-9a-f]{8}-/.test(name) ? 'UID' : /^\d{5}$/.test(name) ? 'PORT' : name,
        normalised(item, name),
      ])
    return Object.fromEntries(entries)
  }
  if (typeof value !== 'string') return value
  if (/imestamp$|Time$/.test(key)) return 'TIME'
  return value
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replaceAll(/virt-launcher-vm1-\w{5}/g, 'LAUNCHER')
    .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, 'IP')
    .replaceAll(/\b02(:[0-9a-f]{2}){5}\b/g, 'MAC')
    .replaceAll(/\b(node0\d|fra-w-0\d)\b/g, 'NODE')
    .replaceAll(/^\d{4}-\d\d-\d\dT.*Z$/g, 'TIME')
}

let cluster: ReturnType<typeof startTestCluster>
beforeEach(() => {
  cluster = startTestCluster()
  // The recorded cluster ran one virt-controller, without a default eviction strategy.
  const kubeVirt = cluster.objects.list('kubevirts.kubevirt.io')[0]!
  cluster.objects.setSpec('kubevirts.kubevirt.io', kubeVirt, { configuration: {} })
})
afterEach(() => cluster.stop())

function createRecorded() {
  const { body } = recorded('lifecycle/01-create-vm.json').request
  const vm = defaultVm(cluster.objects, body as unknown as VirtualMachine)
  cluster.objects.create(vms, vm as never)
  cluster.seconds(1)
}

describe.skipIf(!existsSync(captures))('one life beside the recorded one', () => {
  test('a halted VM', () => {
    createRecorded()
    expect(normalised(cluster.vm('vm1'))).toEqual(normalised(recorded('lifecycle/02-get-halted.json').response.body))
  })

  test('the VM and its VMI while they run', () => {
    createRecorded()
    cluster.put('virtualmachines/start', 'vm1')
    cluster.seconds(12)
    expect(normalised(cluster.vm('vm1'))).toEqual(normalised(recorded('lifecycle/04-get-vm-running.json').response.body))
    // The stand-in that played virt-handler gave out device names in the order of the volumes, and no guest's interface name.
    const differs = ({ status: { volumeStatus: _, interfaces: __, ...status }, ...rest }: { status: Record<string, unknown> }) => ({
      ...rest,
      status,
    })
    expect(differs(normalised(cluster.vmi('vm1')) as never)).toEqual(
      differs(normalised(recorded('lifecycle/05-get-vmi-running.json').response.body) as never),
    )
  })

  test('a migration when it is over', () => {
    createRecorded()
    cluster.put('virtualmachines/start', 'vm1')
    cluster.seconds(12)
    cluster.put('virtualmachines/migrate', 'vm1')
    cluster.seconds(12)
    const migration = cluster.objects.list(migrations, 'team-a')[0]
    const expected = recorded('lifecycle/13-list-migrations.json').response.body.items?.[0]
    expect(normalised(migration?.status)).toEqual(normalised(expected?.['status']))
    expect(migration?.metadata.labels).toEqual(expected?.metadata.labels)
  })

  test('a launcher pod has what people and tools look for', () => {
    createRecorded()
    cluster.put('virtualmachines/start', 'vm1')
    cluster.seconds(12)
    const pod = cluster.objects.list('pods', 'team-a')[0]
    const expected = recorded('lifecycle/06-get-launcher-pod.json').response.body.items?.[0]
    expect(normalised(pod?.metadata.labels)).toEqual(normalised(expected?.metadata.labels))
    expect(normalised(pod?.metadata.ownerReferences)).toEqual(normalised(expected?.metadata.ownerReferences))
    const facts = (object: unknown) => {
      const { spec, status } = object as {
        spec: Record<string, unknown> & { containers: { name: string; resources: unknown }[] }
        status: { conditions: { type: string; status: string }[] }
      }
      return {
        containers: spec.containers.map(({ name }) => name),
        compute: spec.containers[0]?.resources,
        nodeSelector: spec['nodeSelector'],
        readinessGates: spec['readinessGates'],
        conditions: status.conditions.map((condition) => `${condition.type}=${condition.status}`).toSorted((a, b) => (a < b ? -1 : 1)),
      }
    }
    expect(facts(pod)).toEqual(facts(expected))
  })
})
