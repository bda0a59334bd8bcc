// KubeVirt's common preferences, by their published names (common-instancetypes v1.4.1): what each system likes.
// https://github.com/kubevirt/common-instancetypes
import type { KubeObject } from '@virtdeck/k8s'
import { managed, published } from './instancetype-catalog.ts'

type Linux = {
  cpus?: number
  memory?: string
  /** UEFI, with or without Secure Boot. */
  efi?: 'secure' | 'open'
  /** A thread of its own for each disk. */
  diskThreads?: true
  /** A tablet, so that the pointer is where it seems to be. */
  tablet?: true
  /** Packets past the kernel: as many queues as vCPUs, in a topology of sockets, cores and threads. */
  dpdk?: true
  realtime?: true
  transitional?: true
}

const rhel9 = { memory: '1536Mi', diskThreads: true } as const
const secureRhel = { ...rhel9, efi: 'secure' } as const

const linuxSystems: [name: string, displayName: string, icon: string, likes: Linux][] = [
  ['alpine', 'Alpine', 'alpine', { memory: '512Mi' }],
  ['centos.stream10', 'CentOS Stream 10', 'centos', rhel9],
  ['centos.stream10.desktop', 'CentOS Stream 10', 'centos', { ...rhel9, tablet: true }],
  ['centos.stream9', 'CentOS Stream 9', 'centos', rhel9],
  ['centos.stream9.desktop', 'CentOS Stream 9', 'centos', { ...rhel9, tablet: true }],
  ['centos.stream9.dpdk', 'CentOS Stream 9', 'centos', { ...rhel9, cpus: 8, dpdk: true }],
  ['cirros', 'Cirros', 'cirros', { memory: '256Mi' }],
  ['debian', 'Debian', 'debian', { memory: '512Mi', efi: 'open' }],
  ['fedora', 'Fedora (amd64)', 'fedora', { memory: '2Gi', efi: 'secure' }],
  ['fedora.arm64', 'Fedora (arm64)', 'fedora', { memory: '2Gi' }],
  ['fedora.s390x', 'Fedora (s390x)', 'fedora', { memory: '2Gi' }],
  ['linux', 'Linux Guest', 'linux', {}],
  ['linux.efi', 'Linux EFI Guest', 'linux', { efi: 'open' }],
  ['linux.virtiotransitional', 'Linux Virtio Transitional Guest', 'linux', { transitional: true }],
  ['opensuse.leap', 'OpenSUSE Leap', 'opensuse-leap', { memory: '2Gi' }],
  ['opensuse.tumbleweed', 'OpenSUSE Tumbleweed', 'opensuse-tumbleweed', { memory: '2Gi' }],
  ['oraclelinux', 'Oracle Linux', 'oracle', { cpus: 2, memory: '4Gi', efi: 'open' }],
  ['rhel.10', 'Red Hat Enterprise Linux 10 (amd64)', 'rhel', secureRhel],
  ['rhel.10.arm64', 'Red Hat Enterprise Linux 10 (arm64)', 'rhel', rhel9],
  ['rhel.10.s390x', 'Red Hat Enterprise Linux 10 (s390x)', 'rhel', rhel9],
  ['rhel.7', 'Red Hat Enterprise Linux 7', 'rhel', { memory: '1Gi' }],
  ['rhel.7.desktop', 'Red Hat Enterprise Linux 7', 'rhel', { memory: '1Gi', tablet: true }],
  ['rhel.8', 'Red Hat Enterprise Linux 8', 'rhel', { memory: '1536Mi' }],
  ['rhel.8.desktop', 'Red Hat Enterprise Linux 8', 'rhel', { memory: '1536Mi', tablet: true }],
  ['rhel.8.dpdk', 'Red Hat Enterprise Linux 8', 'rhel', { cpus: 8, memory: '1536Mi', dpdk: true }],
  ['rhel.9', 'Red Hat Enterprise Linux 9 (amd64)', 'rhel', secureRhel],
  ['rhel.9.arm64', 'Red Hat Enterprise Linux 9 (arm64)', 'rhel', rhel9],
  ['rhel.9.desktop', 'Red Hat Enterprise Linux 9 Desktop (amd64)', 'rhel', { ...secureRhel, tablet: true }],
  ['rhel.9.dpdk', 'Red Hat Enterprise Linux 9 DPDK (amd64)', 'rhel', { ...secureRhel, cpus: 8, dpdk: true }],
  ['rhel.9.realtime', 'Red Hat Enterprise Linux 9 Realtime (amd64)', 'rhel', { ...secureRhel, cpus: 4, memory: '4Gi', realtime: true }],
  ['rhel.9.s390x', 'Red Hat Enterprise Linux 9 (s390x)', 'rhel', rhel9],
  ['sles', 'SUSE Linux Enterprise Server', 'sles', { memory: '2Gi' }],
  ['ubuntu', 'Ubuntu', 'ubuntu', { memory: '2Gi' }],
]

type Windows = {
  memory: string
  cpus?: number
  /** Firmware: BIOS, UEFI, or UEFI with a TPM and both kept across restarts. */
  firmware: 'bios' | 'efi' | 'tpm'
  /** Without drivers for virtio. */
  nic?: 'e1000' | 'e1000e' | 'rtl8139'
  virtio?: false
  /** Cannot stand a PCI hole above 4 GiB. */
  smallPciHole?: true
}

const windowsVersions: [version: string, displayName: string, likes: Windows][] = [
  ['10', '10', { memory: '2Gi', firmware: 'efi' }],
  ['11', '11', { memory: '4Gi', cpus: 2, firmware: 'tpm' }],
  ['2k12', 'Server 2012/2012 R2', { memory: '512Mi', firmware: 'bios' }],
  ['2k16', 'Server 2016', { memory: '2Gi', firmware: 'efi' }],
  ['2k19', 'Server 2019', { memory: '2Gi', firmware: 'efi' }],
  ['2k22', 'Server 2022', { memory: '2Gi', firmware: 'tpm' }],
  ['2k25', 'Server 2025', { memory: '2Gi', firmware: 'tpm' }],
  ['2k3', 'Server 2003', { memory: '256Mi', firmware: 'bios', nic: 'rtl8139', virtio: false, smallPciHole: true }],
  ['2k8', 'Server 2008/2008 R2', { memory: '512Mi', firmware: 'bios', nic: 'e1000' }],
  ['7', '7', { memory: '2Gi', firmware: 'bios' }],
  ['xp', 'XP', { memory: '128Mi', firmware: 'bios', virtio: false, smallPciHole: true }],
]

const hyperv = {
  frequencies: {},
  ipi: {},
  reenlightenment: {},
  relaxed: {},
  reset: {},
  runtime: {},
  spinlocks: { spinlocks: 8191 },
  synic: {},
  synictimer: { direct: {} },
  tlbflush: {},
  vapic: {},
  vpindex: {},
}
const tabletDevice = { preferredInputBus: 'virtio', preferredInputType: 'tablet' }

const requirements = (cpus: number, memory: string) => ({ requirements: { cpu: { guest: cpus }, memory: { guest: memory } } })

function metadata(name: string, displayName: string, icon: string, os: string): KubeObject['metadata'] {
  return {
    name,
    annotations: {
      iconClass: `icon-${icon}`,
      'openshift.io/display-name': displayName,
      'openshift.io/provider-display-name': 'KubeVirt',
      tags: `hidden,kubevirt,${icon}`,
    },
    labels: { ...managed, ...published, 'instancetype.kubevirt.io/os-type': os },
  }
}

function linuxPreference([name, displayName, icon, likes]: (typeof linuxSystems)[number]): KubeObject {
  const { cpus = 1, memory, efi, diskThreads, tablet, dpdk, realtime, transitional } = likes
  const spread = { across: 'SocketsCoresThreads', ...(dpdk ? { ratio: 4 } : {}) }
  return {
    metadata: metadata(name, displayName, icon, 'linux'),
    spec: {
      annotations: { 'vm.kubevirt.io/os': 'linux' },
      ...(dpdk || realtime ? { cpu: { preferredCPUTopology: 'spread', spreadOptions: spread } } : {}),
      devices: {
        ...(realtime
          ? { preferredAutoattachGraphicsDevice: false, preferredAutoattachMemBalloon: false, preferredAutoattachSerialConsole: true }
          : {}),
        ...(tablet ? { preferredAutoattachInputDevice: true, ...tabletDevice } : {}),
        preferredDiskBus: 'virtio',
        ...(diskThreads ? { preferredDiskDedicatedIoThread: true } : {}),
        preferredInterfaceModel: 'virtio',
        ...(dpdk || realtime ? { preferredNetworkInterfaceMultiQueue: true } : {}),
        preferredRng: {},
        ...(transitional ? { preferredUseVirtioTransitional: true } : {}),
      },
      ...(efi === 'secure' ? { features: { preferredSmm: {} } } : {}),
      ...(efi ? { firmware: { preferredEfi: { secureBoot: efi === 'secure' } } } : {}),
      ...(memory ? requirements(cpus, memory) : {}),
    },
  }
}

function windowsPreference([version, displayName, likes]: (typeof windowsVersions)[number], virtio: boolean): KubeObject {
  const { memory, cpus = 1, firmware, nic = 'e1000e', smallPciHole } = likes
  const kept = firmware === 'tpm' ? { persistent: true } : {}
  return {
    metadata: metadata(
      `windows.${version}${virtio ? '.virtio' : ''}`,
      `Microsoft Windows ${displayName}${virtio ? ' (virtio)' : ''}`,
      'windows',
      'windows',
    ),
    spec: {
      annotations: { ...(smallPciHole ? { 'kubevirt.io/disablePCIHole64': 'true' } : {}), 'vm.kubevirt.io/os': 'windows' },
      clock: {
        preferredClockOffset: { utc: {} },
        preferredTimer: { hpet: { present: false }, hyperv: {}, pit: { tickPolicy: 'delay' }, rtc: { tickPolicy: 'catchup' } },
      },
      cpu: { preferredCPUTopology: 'sockets' },
      devices: {
        preferredAutoattachInputDevice: true,
        preferredDiskBus: virtio ? 'virtio' : 'sata',
        ...(virtio ? tabletDevice : {}),
        preferredInterfaceModel: virtio ? 'virtio' : nic,
        ...(firmware === 'tpm' ? { preferredTPM: { persistent: true } } : {}),
      },
      features: {
        preferredAcpi: {},
        preferredApic: {},
        preferredHyperv: hyperv,
        ...(firmware === 'bios' ? {} : { preferredSmm: {} }),
      },
      ...(firmware === 'bios' ? {} : { firmware: { preferredEfi: { ...kept, secureBoot: true } } }),
      preferredTerminationGracePeriodSeconds: 3600,
      ...requirements(cpus, memory),
    },
  }
}

const legacy: KubeObject = {
  metadata: metadata('legacy', 'Legacy Guest', 'other', 'legacy'),
  spec: { annotations: { 'vm.kubevirt.io/os': 'legacy' }, devices: { preferredDiskBus: 'sata', preferredInterfaceModel: 'e1000' } },
}

export function clusterPreferences(): KubeObject[] {
  const windows = windowsVersions.flatMap((version) => [
    windowsPreference(version, false),
    ...(version[2].virtio === false ? [] : [windowsPreference(version, true)]),
  ])
  return [...linuxSystems.map(linuxPreference), legacy, ...windows]
}
