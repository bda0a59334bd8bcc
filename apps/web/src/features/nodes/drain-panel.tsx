// A drain beside the list of nodes: first its plan; once begun, each line tells what became of it. It goes on when the panel
// is closed, and the node's row then says how far it is.
import { toStatus } from '@virtdeck/k8s'
import { verbAccess, type NodeRow, type VmRow } from '@virtdeck/kubevirt'
import { useEffect, useRef, useState } from 'react'
import { useAccess, whyDenied } from '../../api/access.ts'
import { useAccessIn } from '../../api/access-in.ts'
import { HowToGetIt } from '../../components/missing-right.tsx'
import { Banner } from '../../ui/banner.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { CloseIcon } from '../../ui/icons.ts'
import { countText } from '../../util/format.ts'
import { drainCounts } from './drain-counts.ts'
import { drainPlan } from './drain-plan.ts'
import { DrainPlanView } from './drain-plan-view.tsx'
import { DrainProgress } from './drain-progress.tsx'
import { useDrainFacts } from './use-drain-facts.ts'
import { beginDrain, forgetDrain, retryDrain, unfinishedOf, useDrains, type Drain, type DrainItem } from './drains.ts'
import { patchNodes, setCordoned } from './node-verbs.ts'
import './drain.css'

const vmsText = (count: number) => countText(count, 'VM')

type DrainPanelProps = {
  node: NodeRow
  nodes: readonly NodeRow[]
  vms: readonly VmRow[]
  /** False where the user may not see all VMs. */
  allVisible: boolean
  onClose: () => void
}

export default function DrainPanel({ node, nodes, vms, allVisible, onClose }: DrainPanelProps) {
  const facts = useDrainFacts({ node, vms, allVisible })
  const plan = drainPlan({ node, nodes, vms, allVisible, vmis: facts.vmis.items, budgets: facts.budgets.items })
  const drain = useDrains((drains) => drains[node.name])
  const [stopping, setStopping] = useState<ReadonlySet<string>>(new Set())
  const [error, setError] = useState<unknown>()
  const [attempting, setAttempting] = useState<'cordon' | 'drain'>()
  const cordoning = useAccess()(patchNodes)
  const stops = plan.blocked.filter(({ row, canStop }) => canStop && stopping.has(row.uid)).map(({ row }) => row)
  const namespacesOf = (rows: readonly VmRow[]) => [...new Set(rows.map(({ namespace }) => namespace))]
  const moves = plan.moves.map(({ row }) => row)
  const mayMigrate = useAccessIn(namespacesOf(moves), verbAccess('migrate'))
  const mayStop = useAccessIn(namespacesOf(stops), verbAccess('stop'))
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus(), [])

  const items: DrainItem[] = [
    ...stops.map((row): DrainItem => ({ row, does: 'stop' })),
    ...moves.map((row): DrainItem => ({ row, does: 'migrate' })),
  ]
  const asking = 'Asking the cluster whether you may.'
  const cordonReason = cordoning.pending ? asking : cordoning.allowed ? undefined : cordoning.reason
  const forbidden = items
    .filter(({ row, does }) => !(does === 'stop' ? mayStop : mayMigrate).allowed(row.namespace))
    .map(({ row, does }) => whyDenied({ ...verbAccess(does), namespace: row.namespace }))[0]
  const reason =
    cordonReason ??
    (mayMigrate.pending || mayStop.pending ? asking : undefined) ??
    (facts.vmis.status === 'loading' || facts.budgets.status === 'loading' ? 'Reading where its VMs may run.' : undefined) ??
    forbidden ??
    (items.length === 0 ? 'There is nothing that could move.' : undefined)
  const missing = cordoning.allowed === false ? cordoning.reason : forbidden

  /** Shows what the API server refuses. */
  async function attempt(what: 'cordon' | 'drain', doing: Promise<void>) {
    setError(undefined)
    setAttempting(what)
    await doing.catch(setError)
    setAttempting(undefined)
  }
  function close() {
    forgetDrain(node)
    onClose()
  }

  return (
    <aside
      ref={panel}
      tabIndex={-1}
      className="dplan"
      aria-label={`Drain ${node.name}`}
      onKeyDown={({ key }) => key === 'Escape' && close()}
    >
      <header>
        <h2>
          Drain <span className="mono">{node.name}</span>
        </h2>
        <span className="grow" />
        <IconButton label="Close" icon={CloseIcon} onClick={close} />
      </header>
      {drain ? (
        <DrainProgress
          name={node.name}
          drain={drain}
          vms={vms}
          staying={plan.blocked.filter(({ row }) => isNoPartOf(drain, row))}
          moving={plan.moving.filter((row) => isNoPartOf(drain, row))}
        />
      ) : (
        <>
          {missing !== undefined && (
            <Banner tone="info" title="You can look at the plan, but not drain." action={<HowToGetIt reason={missing} />} inline>
              {missing}
            </Banner>
          )}
          <DrainPlanView plan={plan} facts={facts} vms={vms} allVisible={allVisible} stopping={stopping} onStopping={setStopping} />
        </>
      )}
      {error !== undefined && (
        <Banner tone="error" title={`${node.name} could not be cordoned.`} inline>
          {toStatus(error).message}
        </Banner>
      )}
      <footer>
        <CommandLine
          command={`kubectl drain ${node.name} --pod-selector=kubevirt.io=virt-launcher --delete-emptydir-data --ignore-daemonsets`}
        />
        {drain?.running && (
          <>
            <span className="dim grow">It goes on when this is closed.</span>
            <Button onClick={drain.stop}>Begin no more</Button>
          </>
        )}
        {drain && !drain.running && (
          <>
            {unfinishedOf(drain).length > 0 && (
              <Button
                variant="primary"
                loading={attempting === 'drain'}
                disabledReason={cordonReason}
                onClick={() => void attempt('drain', retryDrain(node))}
              >
                {drainCounts(drain).failed > 0 ? 'Retry failed' : 'Go on'}
              </Button>
            )}
            <Button onClick={close}>Close</Button>
          </>
        )}
        {!drain && (
          <>
            <Button
              loading={attempting === 'cordon'}
              disabledReason={node.unschedulable ? 'It is cordoned already.' : cordonReason}
              onClick={() => void attempt('cordon', setCordoned(node, true))}
            >
              Cordon only
            </Button>
            <Button
              variant="primary"
              loading={attempting === 'drain'}
              disabledReason={reason}
              onClick={() => void attempt('drain', beginDrain(node, items))}
            >
              Drain {vmsText(items.length)}
            </Button>
          </>
        )}
      </footer>
    </aside>
  )
}

const isNoPartOf = ({ items }: Drain, { uid }: VmRow) => !items.some(({ row }) => row.uid === uid)
