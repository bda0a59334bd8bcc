// The templates as a list, for those who have many.
import { resources } from '@virtdeck/k8s'
import { resourceAccess, type TemplateRow } from '@virtdeck/kubevirt'
import type { ReactNode } from 'react'
import { whyDenied } from '../../api/access.ts'
import { fleets, type FleetState } from '../../api/fleet.ts'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { TemplateIcon } from '../../ui/icons.ts'
import { templateFleet } from './template-fleet.tsx'

type TemplatesTableProps = { fleet: FleetState<TemplateRow>; views: ReactNode; empty: { title: string; body: string } }

export default function TemplatesTable({ fleet, views, empty }: TemplatesTableProps) {
  return (
    <FleetPage
      kind={templateFleet}
      icon={TemplateIcon}
      fleet={fleet}
      forbidden={whyDenied(resourceAccess('list', resources.vmTemplates))}
      onRetry={() => fleets.vmtemplates.retry()}
      empty={empty}
      create={views}
      createOnPhone={views}
    />
  )
}
