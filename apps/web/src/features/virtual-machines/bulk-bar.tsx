// The verbs of the selected VMs, and the dialog that each of them opens.
import type { VmRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import { SelectionBar, selectUnfinished, useSelected } from '../../components/fleet/selection-bar.tsx'
import { verbIcons } from '../../components/vm/verb-icons.tsx'
import { Button } from '../../ui/button.tsx'
import { TagIcon } from '../../ui/icons.ts'
import { bulkVerbs, bulkWords, whyNone } from './bulk-verbs.ts'
import type { BulkVerb } from './bulk-verbs.ts'
import { VmBulkDialog } from './vm-bulk-dialog.tsx'

/** `vms` are those of the list: a row that it shows must not seem to have gone. */
export default function BulkBar({ vms }: { vms: readonly VmRow[] }) {
  const [verb, setVerb] = useState<BulkVerb>()
  const rows = useSelected(vms, verb !== undefined)
  return (
    <>
      <SelectionBar count={rows.length} many="VMs">
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
      </SelectionBar>
      {verb && (
        <VmBulkDialog
          verb={verb}
          rows={rows}
          onClose={(unfinished) => {
            setVerb(undefined)
            selectUnfinished(unfinished)
          }}
        />
      )}
    </>
  )
}
