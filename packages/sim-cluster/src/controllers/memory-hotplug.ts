// Whether a guest's memory can grow while it runs.
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/liveupdate/memory/memory.go
import type { VirtualMachineInstance } from '@virtdeck/k8s'
import { formatBytes, parseQuantity } from './quantity.ts'

type VmiSpec = VirtualMachineInstance['spec']

const mebibyte = 2 ** 20
const minimumBytes = 2 ** 30

/** Why memory cannot be plugged into such a VMI up to `maxGuest`, in KubeVirt's words; undefined when it can. */
export function memoryHotplugProblem(spec: VmiSpec, maxGuest: string | undefined): string | undefined {
  const { cpu, memory } = spec.domain
  if (cpu?.realtime) return 'Memory hotplug is not compatible with realtime VMs'
  if (cpu?.numa?.guestMappingPassthrough) return 'Memory hotplug is not compatible with guest mapping passthrough'
  if (spec.domain.launchSecurity) return 'Memory hotplug is not compatible with encrypted VMs'
  const guestBytes = parseQuantity(memory?.guest as string | undefined)
  const maxBytes = parseQuantity(maxGuest)
  if (guestBytes === undefined) return 'Guest memory must be configured when memory hotplug is enabled'
  if (maxBytes === undefined) return 'Max guest memory must be configured when memory hotplug is enabled'
  if (guestBytes > maxBytes) return 'Guest memory is greater than the configured maxGuest memory'
  const alignment = memory?.hugepages?.pageSize === '1Gi' ? 2 ** 30 : 2 * mebibyte
  if (guestBytes % alignment !== 0) return `Guest memory must be ${formatBytes(alignment)} aligned`
  if (maxBytes % alignment !== 0) return `MaxGuest must be ${formatBytes(alignment)} aligned`
  if ((spec.architecture ?? 'amd64') !== 'amd64') return 'Memory hotplug is only available for x86_64 VMs'
  if (guestBytes < minimumBytes) return 'Memory hotplug is only available for VMs with at least 1Gi of guest memory'
  return undefined
}
