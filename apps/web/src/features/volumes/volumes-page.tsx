import { resources } from '@virtdeck/k8s'
import { resourceAccess } from '@virtdeck/kubevirt'
import { whyDenied } from '../../api/access.ts'
import { fleets, useFleet } from '../../api/fleet.ts'
import { DeleteBar, DeleteRowDialog } from '../../components/fleet/delete-rows.tsx'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { SCAN_EVERY_MS } from '../../components/fleet/use-scan.ts'
import { DiskIcon } from '../../ui/icons.ts'
import { deletableVolume, volumeFleet } from './volume-fleet.tsx'

export function VolumesPage() {
  const fleet = useFleet('persistentvolumeclaims', SCAN_EVERY_MS, volumeFleet.prepare)
  return (
    <FleetPage
      kind={volumeFleet}
      icon={DiskIcon}
      fleet={fleet}
      forbidden={whyDenied(resourceAccess('list', resources.persistentVolumeClaims))}
      onRetry={() => fleets.persistentvolumeclaims.retry()}
      empty={{ title: 'No volumes yet', body: 'They come with the VMs that are created: each disk is a PersistentVolumeClaim.' }}
      bulk={<DeleteBar what={deletableVolume} rows={fleet.rows} />}
    >
      <DeleteRowDialog what={deletableVolume} rows={fleet.rows} />
    </FleetPage>
  )
}
