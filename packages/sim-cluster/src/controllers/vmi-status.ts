// The parts of a VMI's status that virt-handler reports, computed from its spec, its pod and its volumes.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-handler/vm.go
import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'
import { pvcs, type Objects } from './objects.ts'
import { hashOf } from './random.ts'
import { topologyOf } from './vmi-spec.ts'
import { isHotplugVolume } from './volumes.ts'

/** On VMs and VMIs, by virt-controller. */
export const observedVersions = { 'kubevirt.io/latest-observed-api-version': 'v1', 'kubevirt.io/storage-observed-api-version': 'v1' }

/** What the VMI mutating webhook writes into the status of a new VMI. */
export function initialStatus(spec: VirtualMachineInstance['spec'], now: string): object {
  const guest = spec.domain.memory?.guest
  return {
    currentCPUTopology: topologyOf(spec.domain.cpu),
    guestOSInfo: {},
    ...(guest ? { memory: { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest } } : {}),
    phase: 'Pending',
    phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: now }],
    runtimeUser: 107,
  }
}

export type Nic = {
  name: string
  podInterfaceName: string
  mac?: string
  ipAddress?: string
  ipAddresses?: string[]
  interfaceName?: string
  infoSource?: string
  linkState?: string
  queueCount?: number
}

/**
 * The MACs of a VMI's interfaces by name, as libvirt gives them without KubeMacPool: stable for a VMI, locally
 * administered. What is plugged in already keeps its own.
 */
function macsOf(vmi: VirtualMachineInstance): Map<string, string> {
  const bytes = hashOf(`${vmi.metadata.namespace}/${vmi.metadata.name}`).toString(16).padStart(8, '0').slice(0, 6)
  const prefix = `02:00:${bytes.slice(0, 2)}:${bytes.slice(2, 4)}:${bytes.slice(4, 6)}`
  const nics = vmi.spec?.domain?.devices?.interfaces ?? []
  const macs = new Map((vmi.status?.interfaces ?? []).flatMap(({ name, mac }) => (name && mac ? [[name, mac] as const] : [])))
  for (const nic of nics) if (nic.macAddress) macs.set(nic.name, nic.macAddress)
  let number = 1
  const taken = new Set(macs.values())
  const numbered = () => `${prefix}:${number.toString(16).padStart(2, '0')}`
  for (const nic of nics) {
    if (macs.has(nic.name)) continue
    while (taken.has(numbered())) number += 1
    macs.set(nic.name, numbered())
    taken.add(numbered())
  }
  return macs
}

/** Addresses on secondary networks come from the network's own DHCP: as stable as the MAC. */
function secondaryIp(vmi: VirtualMachineInstance, networkName: string): string {
  const network = hashOf(networkName)
  const host = hashOf(`${vmi.metadata.namespace}/${vmi.metadata.name}/${networkName}`)
  return `192.168.${100 + (network % 100)}.${10 + (host % 240)}`
}

export function interfacesOf(vmi: VirtualMachineInstance, podIP: string, agent: boolean): Nic[] {
  const networks = vmi.spec?.networks ?? []
  const macs = macsOf(vmi)
  return (vmi.spec?.domain?.devices?.interfaces ?? []).flatMap((nic, index) => {
    if (nic.state === 'absent') return []
    const network = networks.find((candidate) => candidate.name === nic.name)
    const multus = network?.multus?.networkName
    const ip = multus ? (agent ? secondaryIp(vmi, multus) : undefined) : podIP
    const sources = ['domain', ...(agent ? ['guest-agent'] : []), ...(multus ? ['multus-status'] : [])]
    return {
      infoSource: sources.join(', '),
      ...(agent ? { interfaceName: `enp${index + 1}s0` } : {}),
      ...(ip ? { ipAddress: ip, ipAddresses: [ip] } : {}),
      linkState: nic.state === 'down' ? 'down' : 'up',
      mac: macs.get(nic.name) ?? '',
      name: nic.name,
      podInterfaceName: multus ? `pod${hashOf(nic.name).toString(16).padStart(11, '0').slice(0, 11)}` : 'eth0',
      queueCount: 1,
    }
  })
}

/** An interface as it is after its state in the spec was changed: its link follows, an absent one leaves the domain. */
export function followSpec(status: Nic, state: string | undefined): Nic {
  if (state === 'absent') {
    return status.infoSource?.includes('domain')
      ? { name: status.name, infoSource: 'multus-status', podInterfaceName: status.podInterfaceName }
      : status
  }
  const linkState = state === 'down' ? 'down' : 'up'
  return status.linkState === undefined || status.linkState === linkState ? status : { ...status, linkState }
}

const prefixes: Record<string, string> = { virtio: 'vd', sata: 'sd', scsi: 'sd', usb: 'sd' }

/** Device names as libvirt gives them out: per bus, in the order of the disks. */
export function volumeStatusOf(objects: Objects, vmi: VirtualMachineInstance, attached: boolean): object[] {
  const next: Record<string, number> = {}
  const targets = new Map<string, string>()
  for (const disk of vmi.spec?.domain?.devices?.disks ?? []) {
    const bus = (disk.disk?.bus ?? disk.cdrom?.bus ?? disk.lun?.bus ?? 'virtio') as string
    const prefix = prefixes[bus] ?? 'vd'
    const letter = next[prefix] ?? 0
    next[prefix] = letter + 1
    targets.set(disk.name, `${prefix}${String.fromCharCode(97 + letter)}`)
  }
  return [...(vmi.spec?.volumes ?? [])]
    .filter((volume) => !isHotplugVolume(volume))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((volume) => {
      const claimName = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
      const pvc = objects.get(pvcs, vmi.metadata.namespace, claimName)
      return {
        name: volume.name,
        ...(pvc ? { persistentVolumeClaimInfo: claimInfo(pvc) } : {}),
        target: attached ? (targets.get(volume.name) ?? '') : '',
      }
    })
}

export function claimInfo(pvc: PersistentVolumeClaim): object {
  return {
    accessModes: pvc.spec?.accessModes,
    capacity: pvc.status?.capacity,
    claimName: pvc.metadata.name,
    filesystemOverhead: pvc.spec?.volumeMode === 'Block' ? '0' : '0.06',
    requests: pvc.spec?.resources?.requests,
    volumeMode: pvc.spec?.volumeMode ?? 'Filesystem',
  }
}

type Migratability = { migratable: true } | { migratable: false; reason: string; message: string }

/** LiveMigratable as virt-handler finds it: disks first, then the interfaces, then devices of the host. */
export function migratabilityOf(objects: Objects, vmi: VirtualMachineInstance): Migratability {
  const { volumes = [], networks = [], domain } = vmi.spec ?? {}
  for (const volume of volumes) {
    const claimName = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    const pvc = objects.get(pvcs, vmi.metadata.namespace, claimName)
    if (claimName && pvc && !pvc.spec?.accessModes?.includes('ReadWriteMany' as never)) {
      return {
        migratable: false,
        reason: 'DisksNotLiveMigratable',
        message: `cannot migrate VMI: PVC ${claimName} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)`,
      }
    }
    if (volume.hostDisk) {
      return { migratable: false, reason: 'DisksNotLiveMigratable', message: 'cannot migrate VMI with non-shared HostDisk' }
    }
  }
  const podNetwork = networks.find((network) => network.pod)
  const podNic = domain?.devices?.interfaces?.find((nic) => nic.name === podNetwork?.name)
  const allowed = vmi.metadata.annotations?.['kubevirt.io/allow-pod-bridge-network-live-migration'] !== undefined
  if (podNic && !podNic.masquerade && !podNic.binding && !(podNic.bridge && allowed)) {
    return {
      migratable: false,
      reason: 'InterfaceNotLiveMigratable',
      message:
        'cannot migrate VMI which does not use masquerade, bridge with kubevirt.io/allow-pod-bridge-network-live-migration VM annotation or a migratable plugin to connect to the pod network',
    }
  }
  if (domain?.devices?.hostDevices?.length || domain?.devices?.gpus?.length) {
    return { migratable: false, reason: 'HostDeviceNotLiveMigratable', message: 'VMI uses a PCI host devices' }
  }
  return { migratable: true }
}
