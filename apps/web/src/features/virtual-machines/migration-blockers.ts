import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'

type MigrationBlocker = { what: string; because: string }

/**
 * What in a VMI ties it to its node.
 * https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-handler/vm.go (calculateLiveMigrationCondition)
 */
export function migrationBlockers(vmi: VirtualMachineInstance, claims: readonly PersistentVolumeClaim[]): MigrationBlocker[] {
  const { domain, networks, volumes } = vmi.spec
  const condition = vmi.status?.conditions?.find((one) => one.type === 'LiveMigratable' && one.status === 'False')
  const blockers: MigrationBlocker[] = []

  for (const volume of volumes ?? []) {
    const claimName = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    const claim = claims.find((one) => one.metadata.name === claimName)
    const accessModes = claim?.status?.accessModes ?? claim?.spec?.accessModes
    if (accessModes && !accessModes.includes('ReadWriteMany')) {
      const storageClass = claim?.spec?.storageClassName
      blockers.push({
        what: `Volume ${volume.name}`,
        because: `${accessModes.join(', ')}${storageClass ? ` on ${storageClass}` : ''}: only one node at a time can use it`,
      })
    }
    if (volume.hostDisk) blockers.push({ what: `Volume ${volume.name}`, because: `hostDisk ${volume.hostDisk.path}: a file of its node` })
  }
  for (const iface of domain.devices.interfaces ?? []) {
    const network = networks?.find((one) => one.name === iface.name)
    if (iface.bridge && network?.pod)
      blockers.push({ what: `Interface ${iface.name}`, because: 'bridge on the pod network: its address would change on the way' })
    if (iface.sriov) blockers.push({ what: `Interface ${iface.name}`, because: 'SR-IOV: a device of its node' })
  }
  for (const device of [...(domain.devices.hostDevices ?? []), ...(domain.devices.gpus ?? [])])
    blockers.push({ what: `Device ${device.name}`, because: `${device.deviceName ?? 'host device'}: a device of its node` })
  if (domain.cpu?.model === 'host-passthrough')
    blockers.push({ what: 'CPU model', because: 'host-passthrough: the exact processor of its node' })
  for (const filesystem of domain.devices.filesystems ?? [])
    blockers.push({ what: `Directory ${filesystem.name}`, because: 'virtiofs: shared from its node' })

  if (condition && blockers.length === 0)
    blockers.push({ what: 'LiveMigratable', because: [condition.reason, condition.message].filter(Boolean).join(': ') })
  return blockers
}
