import { useMemo } from 'react'
import { fleets, useFleet } from '../../api/fleet.ts'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { NodeIcon } from '../../ui/icons.ts'
import { nodeFleet } from './node-fleet.tsx'
import { nodeLoads } from './node-loads.ts'

/** What VMs take is added up at most so often. */
const SUM_EVERY_MS = 1_000

export function NodesPage() {
  const nodes = useFleet('nodes')
  const vms = useFleet('virtualmachines', SUM_EVERY_MS)
  const rows = useMemo(() => nodeLoads(nodes.rows, vms.rows), [nodes.rows, vms.rows])
  return (
    <FleetPage
      kind={nodeFleet}
      icon={NodeIcon}
      fleet={{ ...nodes, rows }}
      onRetry={() => fleets.nodes.retry()}
      empty={{ title: 'No nodes', body: 'The cluster has none, or none that may be listed.' }}
    />
  )
}
