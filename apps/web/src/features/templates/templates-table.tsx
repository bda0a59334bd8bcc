// The templates as a list, for those who have many.
import { useMemo } from 'react'
import type { ReactNode } from 'react'
import { FleetPage } from '../../components/fleet/fleet-page.tsx'
import { TemplateIcon } from '../../ui/icons.ts'
import { templateFleet, templateRow } from './template-fleet.tsx'
import type { Templates } from './use-templates.ts'

type TemplatesTableProps = { templates: Templates; views: ReactNode; empty: { title: string; body: string } }

export default function TemplatesTable({ templates: { templates, status, error }, views, empty }: TemplatesTableProps) {
  const rows = useMemo(() => templates.map(templateRow), [templates])
  return (
    <FleetPage
      kind={templateFleet}
      icon={TemplateIcon}
      fleet={{ status, rows, error }}
      empty={empty}
      create={views}
      createOnPhone={views}
    />
  )
}
