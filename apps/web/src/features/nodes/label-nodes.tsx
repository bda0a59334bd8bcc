// Labels of one node, or of all that are selected.
import type { NodeRow } from '@virtdeck/kubevirt'
import { useState } from 'react'
import { useAccess } from '../../api/access.ts'
import { BulkDialog } from '../../components/fleet/bulk-dialog.tsx'
import { useLabelChoice } from '../../components/fleet/label-choice.tsx'
import { rowOf, useRowDialog } from '../../components/fleet/row-dialog.ts'
import { SelectionBar, selectUnfinished, useSelected } from '../../components/fleet/selection-bar.tsx'
import { Button } from '../../ui/button.tsx'
import { TagIcon } from '../../ui/icons.ts'
import { formatCount } from '../../util/format.ts'
import { labelNode, patchNodes } from './node-verbs.ts'

const nodesText = (count: number) => (count === 1 ? '1 node' : `${formatCount(count)} nodes`)

type LabelNodesProps = { nodes: readonly NodeRow[]; onClose: (unfinished?: ReadonlySet<string>) => void }

function LabelNodes({ nodes, onClose }: LabelNodesProps) {
  const answer = useAccess()(patchNodes)
  const reason = answer.allowed === false ? answer.reason : undefined
  const { choices, problem, key, value } = useLabelChoice((name) => {
    const having = nodes.filter(({ labels }) => labels && Object.hasOwn(labels, name)).length
    return having > 0 ? `${nodesText(having)} of them ${having === 1 ? 'has' : 'have'} it.` : undefined
  })
  return (
    <BulkDialog
      job={{
        verb: 'Label',
        what: nodesText,
        doing: 'Labelling',
        did: 'Labelled',
        consequence: 'VMs choose nodes by labels: those that run stay where they are, and obey at their next start or migration.',
        plan: reason === undefined ? { will: [...nodes], wont: [] } : { will: [], wont: nodes.map((row) => ({ row, reason })) },
        pending: answer.pending === true,
        choices,
        problem,
        run: (node) => labelNode(node, key, value),
      }}
      onClose={onClose}
    />
  )
}

/** The dialog of a node's menu, where the URL names one. */
export function LabelNodeDialog({ nodes }: { nodes: readonly NodeRow[] }) {
  const { dialog, close } = useRowDialog()
  const node = rowOf(nodes, dialog, 'label')
  return node && <LabelNodes nodes={[node]} onClose={close} />
}

/** What can be done with the selected nodes. */
export function NodeBar({ nodes }: { nodes: readonly NodeRow[] }) {
  const [asking, setAsking] = useState<readonly NodeRow[]>()
  const chosen = useSelected(nodes, asking !== undefined)
  return (
    <>
      <SelectionBar count={chosen.length} many="nodes">
        <Button size="small" icon={TagIcon} onClick={() => setAsking(chosen)}>
          Label…
        </Button>
      </SelectionBar>
      {asking && (
        <LabelNodes
          nodes={asking}
          onClose={(unfinished) => {
            setAsking(undefined)
            selectUnfinished(unfinished)
          }}
        />
      )}
    </>
  )
}
