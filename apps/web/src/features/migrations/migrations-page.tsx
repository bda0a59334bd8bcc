import { resources } from '@virtdeck/k8s'
import { resourceAccess } from '@virtdeck/kubevirt'
import { whyDenied } from '../../api/access.ts'
import { fleets, useFleet } from '../../api/fleet.ts'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { SCAN_EVERY_MS } from '../../components/fleet/use-scan.ts'
import { MigrateIcon } from '../../ui/icons.ts'
import { migrationFleet } from './migration-fleet.tsx'

export function MigrationsPage() {
  const fleet = useFleet('virtualmachineinstancemigrations', SCAN_EVERY_MS, migrationFleet.prepare)
  return (
    <FleetPage
      kind={migrationFleet}
      icon={MigrateIcon}
      fleet={fleet}
      forbidden={whyDenied(resourceAccess('list', resources.virtualMachineInstanceMigrations))}
      onRetry={() => fleets.virtualmachineinstancemigrations.retry()}
      empty={{
        title: 'No migrations',
        body: 'A migration shows here while a VM moves to another node, and for as long as the cluster keeps it.',
      }}
    />
  )
}
