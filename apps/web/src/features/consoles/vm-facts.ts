import { vmCan, type VmRow } from '@virtdeck/kubevirt'
import type { VmFacts } from './console-session.ts'

/** What a console needs to know of a VM; undefined is a VM that does not exist. */
export function vmFacts(row: VmRow | undefined): VmFacts {
  if (!row) return { power: 'missing' }
  const power = vmCan.vnc(row).possible ? 'up' : 'down'
  const { migration, uid } = row
  return power === 'up' && migration
    ? { power, uid, migration: migration.targetNode === undefined ? {} : { targetNode: migration.targetNode } }
    : { power, uid }
}
