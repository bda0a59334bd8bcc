// What volumes and snapshots are doing, as shape, colour and word tell it.
import type { SnapshotRow, VmState, VolumeRow } from './rows.ts'

type Told = { state: VmState; word: string }

const filling: Record<string, string> = {
  ImportScheduled: 'Importing',
  ImportInProgress: 'Importing',
  CloneScheduled: 'Cloning',
  CloneInProgress: 'Cloning',
  CSICloneInProgress: 'Cloning',
  SmartClonePVCInProgress: 'Cloning',
  CloneFromSnapshotSourceInProgress: 'Cloning',
  SnapshotForSmartCloneInProgress: 'Cloning',
  PrepClaimInProgress: 'Preparing',
  RebindInProgress: 'Preparing',
  NamespaceTransferInProgress: 'Preparing',
  ExpansionInProgress: 'Expanding',
  UploadScheduled: 'Preparing the upload',
}

/**
 * A volume's phase in a word; phases that nobody knows keep their own name.
 * https://kubevirt.io/containerized-data-importer/ (DataVolumePhase); of claims: Pending, Bound, Lost.
 */
export function volumeTold({ phase }: Pick<VolumeRow, 'phase'>): Told {
  const word = Object.hasOwn(filling, phase) ? filling[phase] : undefined
  if (word !== undefined) return { state: 'transit', word }
  switch (phase) {
    case 'Bound':
    case 'Succeeded':
      return { state: 'running', word: 'Bound' }
    case 'WaitForFirstConsumer':
    case 'PendingPopulation':
      return { state: 'stopped', word: 'Waits for a VM' }
    case 'UploadReady':
      return { state: 'stopped', word: 'Waits for an upload' }
    case 'Paused':
      return { state: 'paused', word: 'Paused' }
    case 'Pending':
    case 'ImportScheduling':
      return { state: 'stopped', word: 'Waiting' }
    case 'Failed':
    case 'Lost':
      return { state: 'error', word: phase }
    case 'Terminating':
      return { state: 'transit', word: 'Deleting' }
    default:
      return { state: 'unknown', word: phase }
  }
}

export function snapshotTold({ phase, ready }: Pick<SnapshotRow, 'phase' | 'ready'>): Told {
  if (phase === 'Deleting') return { state: 'transit', word: 'Deleting' }
  if (phase === 'Failed') return { state: 'error', word: 'Failed' }
  return ready ? { state: 'running', word: 'Ready' } : { state: 'transit', word: 'Taking' }
}

/** `online`, `no agent`, …: how a snapshot's disks were brought to rest, and whether that is less than it could be. */
export function madeWith({ indications = [], phase }: Pick<SnapshotRow, 'indications' | 'phase'>): { words: string[]; weak: boolean } {
  if (!indications.includes('Online')) return { words: phase === 'Succeeded' ? ['offline'] : [], weak: false }
  const words = ['online']
  if (indications.includes('GuestAgent')) words.push('agent')
  if (indications.includes('NoGuestAgent')) words.push('no agent')
  if (indications.includes('QuiesceFailed')) words.push('quiesce failed')
  if (indications.includes('Paused')) words.push('paused')
  return { words, weak: indications.includes('NoGuestAgent') || indications.includes('QuiesceFailed') }
}
