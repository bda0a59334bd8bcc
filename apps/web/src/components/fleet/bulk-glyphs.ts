import type { State } from '../../ui/state-glyph.tsx'
import type { BulkState } from './bulk-run.ts'

/** How it stands with one of many. */
export const bulkGlyphs: Record<BulkState['kind'], State> = {
  waiting: 'unknown',
  running: 'transit',
  accepted: 'transit',
  unseen: 'transit',
  done: 'running',
  failed: 'error',
  left: 'stopped',
}
