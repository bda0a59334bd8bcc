// What is written on the guests' disks: it outlives the guest with its volume, and goes into snapshots and clones.
import type { Guests } from '../guests/guest.ts'
import type { PersistentVolumeClaim, VirtualMachineInstance } from '@virtdeck/k8s'
import type { Objects } from './objects.ts'

export type GuestDisks = {
  /** The claim of the disk that a VMI boots from: the first bootable volume with a claim. */
  rootClaim(objects: Objects, vmi: VirtualMachineInstance): PersistentVolumeClaim | undefined
  load(objects: Objects, vmi: VirtualMachineInstance): void
  save(objects: Objects, vmi: VirtualMachineInstance): void
  /** `from` and `to` are uids of claims or volume snapshots. */
  copy(fromUid: string, toUid: string): void
  forget(uid: string): void
}

export function createGuestDisks(guests: Guests): GuestDisks {
  const contents = guests.volumes
  const rootClaim: GuestDisks['rootClaim'] = (objects, vmi) => {
    const spec = vmi.spec
    const disks = [...(spec?.domain?.devices?.disks ?? [])].sort((a, b) => (a.bootOrder ?? 99) - (b.bootOrder ?? 99))
    for (const disk of disks) {
      const volume = spec?.volumes?.find((candidate) => candidate.name === disk.name)
      if (volume?.containerDisk) return undefined
      const claim = volume?.dataVolume?.name ?? volume?.persistentVolumeClaim?.claimName
      if (claim) return objects.get('persistentvolumeclaims', vmi.metadata.namespace, claim)
    }
    return undefined
  }
  return {
    rootClaim,
    load(objects, vmi) {
      const uid = rootClaim(objects, vmi)?.metadata.uid
      if (uid && contents.has(uid)) guests.importDisk(vmi.metadata.uid, contents.get(uid))
    },
    save(objects, vmi) {
      const uid = rootClaim(objects, vmi)?.metadata.uid
      const disk = guests.exportDisk(vmi.metadata.uid)
      if (uid && disk !== undefined) contents.set(uid, disk)
    },
    copy(fromUid, toUid) {
      if (contents.has(fromUid)) contents.set(toUid, contents.get(fromUid))
    },
    forget: (uid) => void contents.delete(uid),
  }
}
