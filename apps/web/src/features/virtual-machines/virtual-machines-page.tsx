import { resources } from '@virtdeck/k8s'
import { Suspense, lazy } from 'react'
import { Link, useNavigate } from 'react-router'
import { whyDenied } from '../../api/access.ts'
import { fleets, useFleet } from '../../api/fleet.ts'
import { useSession } from '../../api/session.ts'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { SCAN_EVERY_MS } from '../../components/fleet/use-scan.ts'
import { paths } from '../../paths.ts'
import { useShortcut } from '../../stores/shortcuts.ts'
import { Button } from '../../ui/button.tsx'
import { PlusIcon, VmIcon } from '../../ui/icons.ts'
import { VmDialogs } from './vm-dialogs.tsx'
import { measuredVmFleet, vmFleet } from './vm-fleet.ts'

/** Comes where there are no VMs at all. */
const MayCreate = lazy(() => import('./may-create.tsx'))
/** Comes when something is selected. */
const BulkBar = lazy(() => import('./bulk-bar.tsx'))

const createVm = (
  <Button variant="primary" icon={PlusIcon} render={<Link to={paths.templates()} />}>
    Create VM
  </Button>
)
const createVmOnPhone = <Button variant="primary" icon={PlusIcon} render={<Link to={paths.templates()} />} aria-label="Create VM" />

export function VirtualMachinesPage() {
  const fleet = useFleet('virtualmachines', SCAN_EVERY_MS, vmFleet.prepare)
  const { session } = useSession()
  const navigate = useNavigate()
  useShortcut('n', { label: 'Create VM', group: 'List', run: () => void navigate(paths.templates()) })
  return (
    <FleetPage
      kind={session?.cluster.usage ? measuredVmFleet : vmFleet}
      icon={VmIcon}
      fleet={fleet}
      onRetry={() => fleets.virtualmachines.retry()}
      create={createVm}
      createOnPhone={createVmOnPhone}
      empty={{
        title: 'No virtual machines yet',
        body: (
          <Suspense fallback={null}>
            <MayCreate
              yes="Pick a template, answer a few questions, and the first one starts."
              no="You may not create any. Those of your namespaces show here as soon as somebody else has."
            />
          </Suspense>
        ),
        action: (
          <Suspense fallback={null}>
            <MayCreate yes={createVm} />
          </Suspense>
        ),
      }}
      forbidden={`${whyDenied({ verb: 'list', group: resources.virtualMachines.group, resource: resources.virtualMachines.plural })} Ask whoever runs the cluster for access to a namespace.`}
      bulk={<BulkBar vms={fleet.rows} />}
    >
      <VmDialogs />
    </FleetPage>
  )
}
