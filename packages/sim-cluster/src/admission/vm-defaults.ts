// What the VM mutating webhook fills in.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-api/webhooks/mutating-webhook/mutators/vm-mutator.go
import { randomUUID } from 'node:crypto'
import type { KubeObject, VirtualMachine } from '@virtdeck/k8s'
import type { Objects } from '../controllers/objects.ts'

type TemplateSpec = NonNullable<VirtualMachine['spec']['template']['spec']>

/** `inferFromVolume` and kinds: matchers become plain references. */
function matcher<T extends { kind?: string; name?: string; inferFromVolume?: string }>(
  objects: Objects,
  vm: VirtualMachine,
  given: T | undefined,
  what: 'instancetype' | 'preference',
): T | undefined {
  if (!given) return undefined
  const kind = given.kind ?? `virtualmachinecluster${what}`
  if (!given.inferFromVolume) return { ...given, kind }
  const volume = vm.spec.template?.spec?.volumes?.find((candidate) => candidate.name === given.inferFromVolume)
  const template = vm.spec.dataVolumeTemplates?.find((candidate) => candidate.metadata?.name === volume?.dataVolume?.name)
  const source = template?.spec?.source?.pvc
  const reference = template?.spec?.sourceRef
  const labels =
    objects.get(
      'persistentvolumeclaims',
      source?.namespace ?? vm.metadata.namespace,
      source?.name ?? volume?.persistentVolumeClaim?.claimName,
    )?.metadata.labels ??
    objects.get('datasources.cdi.kubevirt.io', reference?.namespace ?? vm.metadata.namespace, reference?.name)?.metadata.labels
  const name = labels?.[`instancetype.kubevirt.io/default-${what}`]
  const { inferFromVolume: _, ...rest } = given
  return name ? ({ ...rest, kind, name } as T) : given
}

export function defaultVm(objects: Objects, vm: VirtualMachine, uuid: () => string = randomUUID): VirtualMachine {
  const template = vm.spec.template
  const spec: TemplateSpec = template.spec ?? ({ domain: { devices: {} } } as TemplateSpec)
  const domain = spec.domain ?? { devices: {} }
  const metadata = (template.metadata ?? {}) as { annotations?: Record<string, string>; labels?: Record<string, string> }
  const instancetype = matcher(objects, vm, vm.spec.instancetype, 'instancetype')
  const preference = matcher(objects, vm, vm.spec.preference, 'preference')
  return {
    ...vm,
    spec: {
      ...vm.spec,
      ...(instancetype ? { instancetype } : {}),
      ...(preference ? { preference } : {}),
      // Go writes the times that nobody set.
      ...(vm.spec.dataVolumeTemplates
        ? {
            dataVolumeTemplates: vm.spec.dataVolumeTemplates.map((one) => ({
              ...one,
              metadata: { creationTimestamp: null, ...(one.metadata as object) } as never,
            })),
          }
        : {}),
      template: {
        metadata: {
          creationTimestamp: null,
          ...metadata,
          annotations: { 'kubevirt.io/pci-topology-version': 'v3', ...metadata.annotations },
        } as never,
        spec: {
          ...spec,
          architecture: spec.architecture ?? 'amd64',
          domain: {
            ...domain,
            firmware: { serial: domain.firmware?.serial || uuid(), uuid: domain.firmware?.uuid || uuid(), ...withoutIds(domain.firmware) },
            machine: domain.machine?.type ? domain.machine : { type: 'q35' },
            resources: domain.resources ?? {},
          },
        },
      },
    },
  }
}

function withoutIds(firmware: { serial?: string; uuid?: string } | undefined): object {
  const { serial: _, uuid: __, ...rest } = firmware ?? {}
  return rest
}

export const asVm = (object: KubeObject): VirtualMachine => object as unknown as VirtualMachine
