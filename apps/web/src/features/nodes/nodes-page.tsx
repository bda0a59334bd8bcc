import { resources } from '@virtdeck/k8s'
import { resourceAccess } from '@virtdeck/kubevirt'
import { Suspense, lazy, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { whyDenied } from '../../api/access.ts'
import { fleets, useFleet } from '../../api/fleet.ts'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { NodeIcon } from '../../ui/icons.ts'
import { drainCounts } from './drain-counts.ts'
import { useDrains, type Drains } from './drains.ts'
import { nodeFleet } from './node-fleet.tsx'
import { nodeLoads, type Draining } from './node-loads.ts'

const NodeBar = lazy(() => import('./label-nodes.tsx').then(({ NodeBar: it }) => ({ default: it })))
const LabelNodeDialog = lazy(() => import('./label-nodes.tsx').then(({ LabelNodeDialog: it }) => ({ default: it })))
const DrainPanel = lazy(() => import('./drain-panel.tsx'))

/** What VMs take is added up at most so often. */
const SUM_EVERY_MS = 1_000

export function NodesPage() {
  const nodes = useFleet('nodes')
  const vms = useFleet('virtualmachines', SUM_EVERY_MS)
  const drains = useDrains()
  const rows = useMemo(() => nodeLoads(nodes.rows, vms.rows, underWay(drains)), [nodes.rows, vms.rows, drains])
  const [search, setSearch] = useSearchParams()
  const draining = nodes.rows.find(({ name }) => name === search.get('drain'))

  function closePlan() {
    const next = new URLSearchParams(search)
    next.delete('drain')
    setSearch(next, { replace: true })
  }

  return (
    <FleetPage
      kind={nodeFleet}
      icon={NodeIcon}
      fleet={{ ...nodes, rows }}
      forbidden={whyDenied(resourceAccess('list', resources.nodes))}
      onRetry={() => fleets.nodes.retry()}
      empty={{ title: 'No nodes', body: 'The cluster has none, or none that may be listed.' }}
      bulk={<NodeBar nodes={rows} />}
      aside={
        draining && (
          <Suspense fallback={null}>
            <DrainPanel
              key={draining.name}
              node={draining}
              nodes={nodes.rows}
              vms={vms.rows}
              allVisible={vms.access?.scope === 'cluster'}
              onClose={closePlan}
            />
          </Suspense>
        )
      }
    >
      {search.get('do') === 'label' && (
        <Suspense fallback={null}>
          <LabelNodeDialog nodes={rows} />
        </Suspense>
      )}
    </FleetPage>
  )
}

/** Of the drains that run in this tab: how far they are. */
function underWay(drains: Drains): Record<string, Draining> {
  return Object.fromEntries(
    Object.entries(drains).flatMap(([name, drain]) => (drain?.running ? [[name, { ...drainCounts(drain), since: drain.since }]] : [])),
  )
}
