// The bar over the rows' end while VMs are selected, and the dialog that each of its verbs opens.
import { useState } from 'react'
import { useFleet } from '../../api/fleet.ts'
import { naturalKey, sortRows } from '../../components/fleet/order.ts'
import { nothing, select, useSelection } from '../../components/fleet/selection.ts'
import { SCAN_EVERY_MS } from '../../components/fleet/use-scan.ts'
import { verbIcons } from '../../components/vm/verb-icons.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { CloseIcon, TagIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import { bulkVerbs, bulkWords, whyNone } from './bulk-verbs.ts'
import type { BulkVerb } from './bulk-verbs.ts'
import { VmBulkDialog } from './vm-bulk-dialog.tsx'

export default function BulkBar() {
  const { uids } = useSelection()
  const fleet = useFleet('virtualmachines', SCAN_EVERY_MS)
  const [verb, setVerb] = useState<BulkVerb>()
  // What was deleted meanwhile is selected no more.
  const rows = sortRows(
    fleet.rows.filter((row) => uids.has(row.uid)),
    ({ name }) => naturalKey(name),
  )
  if (rows.length === 0 && !verb) return null
  return (
    <>
      {rows.length > 0 && (
        <div className="bulk" role="toolbar" aria-label={`Actions for ${rows.length} selected VMs`}>
          <b>{formatCount(rows.length)} selected</b>
          {bulkVerbs.map((id) => (
            <Button
              key={id}
              size="small"
              className={id === 'delete' ? 'dangerlite' : undefined}
              icon={id === 'label' ? TagIcon : verbIcons[id]}
              disabledReason={whyNone(id, rows)}
              onClick={() => setVerb(id)}
            >
              {bulkWords[id].label}
            </Button>
          ))}
          <span className="vsep" />
          <IconButton label="Clear selection" shortcut="Esc" icon={CloseIcon} small onClick={() => select(nothing)} />
        </div>
      )}
      {verb && (
        <VmBulkDialog
          verb={verb}
          rows={rows}
          onClose={(unfinished) => {
            setVerb(undefined)
            if (unfinished) select({ uids: unfinished })
          }}
        />
      )}
    </>
  )
}
