import { Link, useParams } from 'react-router'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { TemplateIcon } from '../../ui/icons.ts'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { CreateForm } from './create-form.tsx'
import { useCreateAccess } from '../../components/vm/use-create-access.ts'
import { useTemplate } from './use-templates.ts'
import './templates-feature.css'

export function CreateFromTemplatePage() {
  const { name = '' } = useParams()
  const state = useTemplate(name)
  const access = useCreateAccess()

  if (state.status === 'missing') return <NoTemplate title={`There is no template ${name}`} body="It may have been renamed or deleted." />
  if (state.status === 'error') return <NoTemplate tone="error" title="The template could not be read" body={state.error.message} />
  if (state.status === 'loading' || access.status === 'loading') return <SkeletonLines label="Loading the template" />
  // A new template is a new form; one that changes while it is being filled in keeps the answers.
  return <CreateForm key={state.template.metadata.uid} template={state.template} facts={state.facts} access={access} />
}

function NoTemplate(props: { tone?: 'error'; title: string; body: string | undefined }) {
  return (
    <>
      <title>Create VM · virtdeck</title>
      <h1 className="sr">Create VM</h1>
      <EmptyState {...props} icon={TemplateIcon} action={<Button render={<Link to={paths.templates()} />}>All templates</Button>} />
    </>
  )
}
