// Is it well, and if not, why? Then what it is, what it has, and what happened.
import { ActivityPanel } from './activity-panel.tsx'
import { ConditionsPanel } from './conditions-panel.tsx'
import { DiagnosisPanel } from './diagnosis-panel.tsx'
import { DisksPanel } from './disks-panel.tsx'
import { FactsPanel } from './facts-panel.tsx'
import { GuestPanel } from './guest-panel.tsx'
import { NetworksPanel } from './networks-panel.tsx'
import { ProvisioningPanel } from './provisioning-panel.tsx'
import { ScreenThumbnail } from './screen-thumbnail.tsx'
import { useVm, useVmRef, type VmObjects } from '../../components/vm/use-vm.ts'

export function VmOverviewTab() {
  const state = useVm(useVmRef())
  return state.status === 'ready' ? <Overview objects={state} /> : null
}

function Overview({ objects }: { objects: VmObjects }) {
  return (
    <div className="cols">
      <div className="stack">
        <DiagnosisPanel objects={objects} />
        <ProvisioningPanel objects={objects} />
        <FactsPanel objects={objects} />
        <DisksPanel objects={objects} />
        <NetworksPanel objects={objects} />
        <ConditionsPanel objects={objects} />
      </div>
      <aside className="stack" aria-label="Guest and activity">
        <ScreenThumbnail row={objects.row} />
        <GuestPanel objects={objects} />
        <ActivityPanel objects={objects} />
      </aside>
    </div>
  )
}
