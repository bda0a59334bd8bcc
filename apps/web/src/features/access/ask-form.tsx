// One question, put to the cluster as it stands: may I?
import { useMutation } from '@tanstack/react-query'
import { canICommand, deniedReason, toStatus } from '@virtdeck/k8s'
import { useId, useState } from 'react'
import type { FormEvent } from 'react'
import { askOnce } from '../../api/access.ts'
import { explainRight } from '../../stores/missing-right.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Field } from '../../ui/field.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { Told } from '../../ui/bdi.tsx'
import { knownResources, questionOf } from './access-verbs.ts'
import type { Asked } from './access-verbs.ts'

const start: Asked = { verb: 'create', resource: 'virtualmachines.kubevirt.io', namespace: '', name: '' }

export function AskForm({ namespaces }: { namespaces: readonly string[] }) {
  const [asked, setAsked] = useState(start)
  const [tried, setTried] = useState(false)
  const resourceList = useId()
  const namespaceList = useId()
  const question = questionOf(asked)
  const wrong = 'problem' in question ? question : undefined
  const review = useMutation({ mutationFn: askOnce })
  const error = (field: keyof Asked) => (tried && wrong?.field === field ? wrong.problem : undefined)
  const text = (field: keyof Asked) => ({
    value: asked[field],
    onChange: ({ target }: { target: HTMLInputElement }) => {
      setAsked({ ...asked, [field]: target.value.trim() })
      review.reset()
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    setTried(true)
    if (!('problem' in question)) review.mutate(question)
  }

  return (
    <form className="pad askform" onSubmit={submit} noValidate>
      <div className="askfields">
        <Field label="Verb" error={error('verb')}>
          <TextInput mono {...text('verb')} />
        </Field>
        <Field label="Resource" error={error('resource')}>
          <TextInput mono list={resourceList} {...text('resource')} />
        </Field>
        <Field label="Namespace" optional error={error('namespace')}>
          <TextInput mono list={namespaceList} {...text('namespace')} />
        </Field>
        <Field label="Name" optional error={error('name')}>
          <TextInput mono {...text('name')} />
        </Field>
      </div>
      <datalist id={resourceList}>
        {knownResources.map((resource) => (
          <option key={resource} value={resource} />
        ))}
      </datalist>
      <datalist id={namespaceList}>
        {namespaces.map((namespace) => (
          <option key={namespace} value={namespace} />
        ))}
      </datalist>
      <div className="row wrap">
        <Button type="submit" variant="primary" loading={review.isPending}>
          May I?
        </Button>
        {!('problem' in question) && <CommandLine command={canICommand(question)} />}
      </div>
      <div aria-live="polite">
        {review.error && (
          <Banner tone="error" inline title="The cluster did not answer.">
            {toStatus(review.error).message}
          </Banner>
        )}
        {review.data && review.variables && (
          <p className="answer">
            <StateGlyph state={review.data.allowed ? 'running' : 'warning'} className={review.data.allowed ? 'c-running' : 'c-warning'} />
            <b>{review.data.allowed ? 'Yes.' : deniedReason(review.variables)}</b>{' '}
            <span className="dim">
              <Told>{review.data.reason ?? ''}</Told>
            </span>
            {!review.data.allowed && (
              <Button size="small" onClick={() => explainRight(review.variables)}>
                What would allow it
              </Button>
            )}
          </p>
        )}
      </div>
    </form>
  )
}
