// What runs inside a VMI: told from its image, its preference or its annotation, as a person would tell it.
import type { Secret, VirtualMachineInstance } from '@virtdeck/k8s'
import { parse as parseYaml } from 'yaml'
import type { GuestDisk } from '../guests/guest.ts'
import type { Objects } from './objects.ts'
import { parseQuantity } from './quantity.ts'
import { hashOf } from './random.ts'

export type GuestOs = {
  /** The guest agent's id, as /etc/os-release has it. */
  id: string
  name: string
  prettyName: string
  version: string
  versionId: string
  kernelRelease: string
  kernelVersion: string
  /** The user that the image's cloud-init makes. */
  defaultUser: string
  agent: boolean
}

const linux = (
  id: string,
  name: string,
  prettyName: string,
  versionId: string,
  kernelRelease: string,
  defaultUser: string,
  agent = true,
): GuestOs => ({
  id,
  name,
  prettyName,
  version: versionId,
  versionId,
  kernelRelease,
  kernelVersion: '#1 SMP PREEMPT_DYNAMIC',
  defaultUser,
  agent,
})

const windows = (prettyName: string, versionId: string, build: string): GuestOs => ({
  id: 'mswindows',
  name: 'Microsoft Windows',
  prettyName,
  version: prettyName.replace('Microsoft ', ''),
  versionId,
  kernelRelease: build,
  kernelVersion: '10.0',
  defaultUser: 'Administrator',
  agent: true,
})

/** First match wins: the more specific come first. */
const systems: [RegExp, GuestOs][] = [
  [/ubuntu.*22[.-]?04/, linux('ubuntu', 'Ubuntu', 'Ubuntu 22.04.5 LTS', '22.04', '5.15.0-126-generic', 'ubuntu')],
  [/ubuntu/, linux('ubuntu', 'Ubuntu', 'Ubuntu 24.04.1 LTS', '24.04', '6.8.0-49-generic', 'ubuntu')],
  [/debian/, linux('debian', 'Debian GNU/Linux', 'Debian GNU/Linux 12 (bookworm)', '12', '6.1.0-27-cloud-amd64', 'debian')],
  [/fedora/, linux('fedora', 'Fedora Linux', 'Fedora Linux 41 (Cloud Edition)', '41', '6.11.4-301.fc41.x86_64', 'fedora')],
  [/centos/, linux('centos', 'CentOS Stream', 'CentOS Stream 9', '9', '5.14.0-527.el9.x86_64', 'cloud-user')],
  [
    /rhel|redhat/,
    linux('rhel', 'Red Hat Enterprise Linux', 'Red Hat Enterprise Linux 9.5 (Plow)', '9.5', '5.14.0-503.11.1.el9_5.x86_64', 'cloud-user'),
  ],
  [/opensuse|sles|suse/, linux('opensuse-leap', 'openSUSE Leap', 'openSUSE Leap 15.6', '15.6', '6.4.0-150600.23.25-default', 'opensuse')],
  [/alpine/, linux('alpine', 'Alpine Linux', 'Alpine Linux v3.20', '3.20.3', '6.6.60-0-virt', 'alpine', false)],
  [/cirros/, linux('cirros', 'CirrOS', 'CirrOS 0.6.3', '0.6.3', '5.15.0-117-generic', 'cirros', false)],
  [/freebsd|pfsense|opnsense/, linux('freebsd', 'FreeBSD', 'FreeBSD 14.1-RELEASE', '14.1', '14.1-RELEASE', 'freebsd', false)],
  [/windows.*(2k25|2025)|win2k25/, windows('Microsoft Windows Server 2025', '2025', '26100')],
  [/windows.*(2k19|2019)|win2k19/, windows('Microsoft Windows Server 2019', '2019', '17763')],
  [/windows.*(11)|win11/, windows('Microsoft Windows 11', '11', '26100')],
  [/windows|win2k|mswin/, windows('Microsoft Windows Server 2022', '2022', '20348')],
]

const generic = linux('linux', 'Linux', 'Linux', '1', '6.6.0', 'user', false)

const osOf = (text: string): GuestOs | undefined => systems.find(([pattern]) => pattern.test(text.toLowerCase()))?.[1]

/** The operating system of a VMI, from whatever names it: image, DataVolume source, preference, label, name. */
export function guestOsOf(objects: Objects, vmi: VirtualMachineInstance): GuestOs {
  const namespace = vmi.metadata.namespace
  const clues: string[] = []
  const annotations = vmi.metadata.annotations ?? {}
  clues.push(annotations['vm.kubevirt.io/os'] ?? '', vmi.metadata.labels?.['vm.kubevirt.io/template'] ?? '')
  for (const volume of vmi.spec?.volumes ?? []) {
    clues.push(volume.containerDisk?.image ?? '')
    const claim = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    const dv = objects.get('datavolumes.cdi.kubevirt.io', namespace, claim)
    if (dv) clues.push(JSON.stringify(dv.spec?.source ?? ''), JSON.stringify(dv.spec?.sourceRef ?? ''))
    const pvc = objects.get('persistentvolumeclaims', namespace, claim)
    if (pvc)
      clues.push(JSON.stringify(pvc.spec?.dataSource ?? ''), pvc.metadata.labels?.['instancetype.kubevirt.io/default-preference'] ?? '')
    clues.push(claim ?? '')
  }
  const vm = objects.get('virtualmachines.kubevirt.io', namespace, vmi.metadata.name)
  clues.push(vm?.spec?.preference?.name ?? '', vmi.metadata.name)
  for (const clue of clues) {
    const found = clue && osOf(clue)
    if (found) return found
  }
  return generic
}

/** Whether a guest agent answers: the image has one, and nothing says otherwise. */
export const hasAgent = (vmi: VirtualMachineInstance, os: GuestOs): boolean =>
  os.agent && vmi.metadata.annotations?.['simulation.virtdeck.io/guest-agent'] !== 'none'

export const guestOsInfo = (os: GuestOs) => ({
  id: os.id,
  kernelRelease: os.kernelRelease,
  kernelVersion: os.kernelVersion,
  machine: 'x86_64',
  name: os.name,
  prettyName: os.prettyName,
  version: os.version,
  versionId: os.versionId,
})

const decode = (secret: Secret | undefined, key: string): string | undefined => {
  const encoded = (secret?.data as Record<string, string> | undefined)?.[key]
  return encoded === undefined
    ? (secret as { stringData?: Record<string, string> } | undefined)?.stringData?.[key]
    : Buffer.from(encoded, 'base64').toString()
}

type CloudConfig = {
  user?: string
  password?: string
  hostname?: string
  fqdn?: string
  users?: (string | { name?: string; plain_text_passwd?: string; passwd?: string })[]
  chpasswd?: { list?: string | string[]; users?: { name?: string; password?: string }[] }
}

/** The user-data documents that a VMI's cloud-init reads. */
function cloudConfigsOf(objects: Objects, vmi: VirtualMachineInstance): CloudConfig[] {
  const namespace = vmi.metadata.namespace
  return (vmi.spec?.volumes ?? []).flatMap((volume) => {
    const source = volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive
    if (!source) return []
    const secret = objects.get('secrets', namespace, source.secretRef?.name)
    const text =
      source.userData ??
      (source.userDataBase64 === undefined ? undefined : Buffer.from(source.userDataBase64, 'base64').toString()) ??
      decode(secret, 'userdata') ??
      decode(secret, 'userData')
    return [readOnce(objects, text)]
  })
}

/** The name that the guest gives itself: cloud-init's, or the VMI's. */
export function hostnameOf(objects: Objects, vmi: VirtualMachineInstance): string {
  const given = cloudConfigsOf(objects, vmi).map((config) => config.hostname ?? config.fqdn)
  const name = given.find((one) => typeof one === 'string' && one !== '')
  return name?.split('.')[0] ?? vmi.spec?.hostname ?? vmi.metadata.name
}

/** File systems on a VMI's volumes: the root disk's first, then one on each further disk. */
export function guestDisksOf(objects: Objects, vmi: VirtualMachineInstance, os: GuestOs): GuestDisk[] {
  const windows = os.id === 'mswindows'
  const volumes = (vmi.spec?.volumes ?? []).flatMap((volume) => {
    const name = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    const pvc = objects.get('persistentvolumeclaims', vmi.metadata.namespace, name)
    const capacity = (pvc?.status?.capacity as Record<string, string> | undefined)?.storage
    const size = volume.containerDisk ? '10Gi' : capacity
    return size ? [{ name: volume.name, sizeBytes: parseQuantity(size) ?? 0 }] : []
  })
  return volumes.map(({ name, sizeBytes }, i) => {
    const usableBytes = Math.floor((sizeBytes * 95) / 100)
    const share = 18 + (hashOf(`${vmi.metadata.uid}${name}`) % 60)
    return {
      device: windows ? `\\\\?\\Volume{${hashOf(name).toString(16)}}` : `vd${String.fromCharCode(97 + i)}1`,
      sizeBytes: usableBytes,
      usedBytes: Math.floor((usableBytes * share) / 100),
      mountPoint: windows ? `${String.fromCharCode(67 + i)}:\\` : i === 0 ? '/' : `/mnt/${name}`,
      fileSystem: windows ? 'NTFS' : i === 0 ? 'ext4' : 'xfs',
    }
  })
}

/** Users and passwords as cloud-init (or sysprep) would set them at the first boot. */
export function cloudInitUsers(objects: Objects, vmi: VirtualMachineInstance, os: GuestOs): { name: string; password?: string }[] {
  const namespace = vmi.metadata.namespace
  const users = new Map<string, string | undefined>()
  for (const config of cloudConfigsOf(objects, vmi)) {
    const user = config.user ?? os.defaultUser
    if (config.password !== undefined) users.set(user, String(config.password))
    for (const entry of config.users ?? []) {
      if (typeof entry === 'string') users.set(entry === 'default' ? os.defaultUser : entry, users.get(entry))
      else if (entry.name) users.set(entry.name, entry.plain_text_passwd ?? users.get(entry.name))
    }
    for (const entry of config.chpasswd?.users ?? []) {
      if (entry.name) users.set(entry.name, entry.password)
    }
    const list = config.chpasswd?.list
    for (const line of typeof list === 'string' ? list.split('\n') : (list ?? [])) {
      const colon = line.indexOf(':')
      if (colon > 0) users.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
    }
  }
  for (const credential of vmi.spec?.accessCredentials ?? []) {
    const secret = objects.get('secrets', namespace, credential.userPassword?.source?.secret?.secretName)
    for (const name of Object.keys((secret?.data as Record<string, string> | undefined) ?? {})) users.set(name, decode(secret, name))
  }
  if (users.size === 0 && os.id !== 'mswindows') users.set(os.defaultUser, undefined)
  return [...users].map(([name, password]) => (password === undefined ? { name } : { name, password }))
}

// A fleet's VMs share a few documents, and each is asked for more than once.
const readBefore = new WeakMap<Objects, Map<string | undefined, CloudConfig>>()

function readOnce(objects: Objects, text: string | undefined): CloudConfig {
  let known = readBefore.get(objects)
  if (!known) readBefore.set(objects, (known = new Map()))
  let config = known.get(text)
  if (!config) {
    if (known.size > 1000) known.clear()
    known.set(text, (config = readCloudConfig(text)))
  }
  return config
}

function readCloudConfig(text: string | undefined): CloudConfig {
  if (!text?.startsWith('#cloud-config')) return {}
  try {
    const parsed: unknown = parseYaml(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    // A guest boots with a broken user-data, too: it only ignores it.
    return {}
  }
}
