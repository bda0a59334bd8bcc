// What restoring a snapshot would change, before anyone restores it.
import { own, type VirtualMachine } from '@virtdeck/k8s'
import { domainCpus, domainMemoryBytes } from '@virtdeck/kubevirt'
import { bytesText, formatElapsed } from '../../util/format.ts'
import type { SnapshotEntry } from './snapshot-entries.ts'

type RestoreChange = { what: string; now?: string; after: string }

type Spec = VirtualMachine['spec']

/** `snapshotSpec` is what the snapshot keeps of the VM; without it (it may be hidden) only the disks are known. */
export function restoreChanges(
  spec: Spec | undefined,
  snapshotSpec: Spec | undefined,
  entry: SnapshotEntry,
  nowSeconds: number,
): RestoreChange[] {
  const lost = `${formatElapsed(Math.max(0, nowSeconds - entry.takenAt))} of writes lost`
  const disks = entry.disks.map((disk): RestoreChange => ({ what: disk, after: lost }))
  return spec && snapshotSpec ? [...specChanges(spec, snapshotSpec), ...disks] : disks
}

function specChanges(spec: Spec, before: Spec): RestoreChange[] {
  const changes: RestoreChange[] = []
  const compare = (what: string, now: string | undefined, after: string | undefined) => {
    if (now !== after) changes.push({ what, now: now ?? '—', after: after ?? '—' })
  }
  const domain = spec.template.spec?.domain
  const domainBefore = before.template.spec?.domain
  compare('Instance type', spec.instancetype?.name, before.instancetype?.name)
  compare('CPU', cpus(domain), cpus(domainBefore))
  compare('Memory', memory(domain), memory(domainBefore))

  const labels = spec.template.metadata?.labels ?? {}
  const labelsBefore = before.template.metadata?.labels ?? {}
  for (const key of union(Object.keys(labels), Object.keys(labelsBefore))) compare(`label ${key}`, own(labels, key), own(labelsBefore, key))

  // Disks and networks by name; which claim a volume is on changes with every restore and says nothing.
  const volumes = (spec.template.spec?.volumes ?? []).map((volume) => volume.name)
  const volumesBefore = (before.template.spec?.volumes ?? []).map((volume) => volume.name)
  for (const name of union(volumes, volumesBefore)) compare(`volume ${name}`, presence(volumes, name), presence(volumesBefore, name))
  const networks = (spec.template.spec?.networks ?? []).map((network) => network.name)
  const networksBefore = (before.template.spec?.networks ?? []).map((network) => network.name)
  for (const name of union(networks, networksBefore)) compare(`network ${name}`, presence(networks, name), presence(networksBefore, name))
  return changes
}

type Domain = Parameters<typeof domainCpus>[0]

const cpus = (domain: Domain) => (domainCpus(domain) === undefined ? undefined : `${domainCpus(domain)} vCPU`)

function memory(domain: Domain): string | undefined {
  const bytes = domainMemoryBytes(domain)
  return bytes === undefined ? undefined : bytesText(bytes)
}

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])].toSorted()
const presence = (names: readonly string[], name: string) => (names.includes(name) ? 'there' : 'absent')
