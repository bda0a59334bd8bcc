import { resources } from '@virtdeck/k8s'
import { resourceAccess } from '@virtdeck/kubevirt'
import { whyDenied } from '../../api/access.ts'
import { fleets, useFleet } from '../../api/fleet.ts'
import { DeleteBar, DeleteRowDialog } from '../../components/fleet/delete-rows.tsx'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { SCAN_EVERY_MS } from '../../components/fleet/use-scan.ts'
import { SnapshotIcon } from '../../ui/icons.ts'
import { deletableSnapshot, snapshotFleet } from './snapshot-fleet.tsx'

export function SnapshotsPage() {
  const fleet = useFleet('virtualmachinesnapshots', SCAN_EVERY_MS, snapshotFleet.prepare)
  return (
    <FleetPage
      kind={snapshotFleet}
      icon={SnapshotIcon}
      fleet={fleet}
      forbidden={whyDenied(resourceAccess('list', resources.virtualMachineSnapshots))}
      onRetry={() => fleets.virtualmachinesnapshots.retry()}
      empty={{ title: 'No snapshots yet', body: 'A VM’s own page takes them: they keep its disks and its settings of that moment.' }}
      bulk={<DeleteBar what={deletableSnapshot} rows={fleet.rows} />}
    >
      <DeleteRowDialog what={deletableSnapshot} rows={fleet.rows} />
    </FleetPage>
  )
}
