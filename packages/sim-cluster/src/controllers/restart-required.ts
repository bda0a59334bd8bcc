// RestartRequired: what of the template changed since the VMI started, and cannot come live.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/vm/vm.go (addRestartRequiredIfNeeded)
import type { VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import type { ControllerContext } from './context.ts'
import { vmiSpecOf } from './vmi-spec.ts'

type Spec = VirtualMachine['spec']

/** What of a VM's spec reaches its guest without a restart. */
function liveUpdatable(spec: Spec): unknown {
  const template = spec.template.spec
  const {
    nodeSelector: _,
    affinity: __,
    tolerations: ___,
    terminationGracePeriodSeconds: ____,
    ...rest
  } = template ?? ({} as NonNullable<typeof template>)
  const hotplugged = new Set(
    (rest.volumes ?? []).flatMap((volume) =>
      volume.persistentVolumeClaim?.hotpluggable || volume.dataVolume?.hotpluggable ? [volume.name] : [],
    ),
  )
  return {
    instancetype: spec.instancetype,
    preference: spec.preference,
    template: {
      ...rest,
      volumes: rest.volumes?.filter((volume) => !hotplugged.has(volume.name)),
      domain: {
        ...rest.domain,
        devices: { ...rest.domain?.devices, disks: rest.domain?.devices?.disks?.filter((disk) => !hotplugged.has(disk.name)) },
      },
    },
  }
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** The condition's message, or undefined when the running VMI is what the VM asks for. */
export function restartRequired({ objects }: ControllerContext, vm: VirtualMachine, vmi: VirtualMachineInstance): string | undefined {
  const startedWith = vmi.metadata.annotations?.['kubevirt.io/vm-generation']
  if (startedWith === String(vm.metadata.generation ?? 1)) return undefined
  const revision = objects.get('controllerrevisions.apps', vm.metadata.namespace, vmi.status?.virtualMachineRevisionName)
  const then = (revision?.data as { spec: Spec } | undefined)?.spec
  // A VMI that was seeded has no revision: what the VM would start now is compared with what runs.
  const [before, now] = then ? [then, vm.spec] : [asSpec({ ...vmi.spec, startStrategy: undefined }), asSpec(vmiSpecOf(objects, vm))]
  return canonical(liveUpdatable(before)) === canonical(liveUpdatable(now))
    ? undefined
    : 'a non-live-updatable field was changed in the template spec'
}

const asSpec = (spec: object): Spec => ({ template: { spec } }) as Spec
