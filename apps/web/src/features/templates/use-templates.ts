import { resources, type Status, type VmTemplate } from '@virtdeck/k8s'
import { templateFacts, type TemplateFacts } from '@virtdeck/kubevirt'
import { useMemo } from 'react'
import { useFleetRow } from '../../api/fleet.ts'
import { useWatchObject } from '../../api/watch.ts'

type TemplateState =
  | { status: 'loading' }
  | { status: 'missing' }
  | { status: 'error'; error: Status }
  | { status: 'ready'; template: VmTemplate; facts: TemplateFacts }

/** A whole template, live. Whether its image is there, its row knows. */
export function useTemplate(name: string): TemplateState {
  const { object, status, error } = useWatchObject(resources.vmTemplates, { name })
  const row = useFleetRow('vmtemplates', { name })
  const facts = useMemo(() => {
    if (!object || !row) return object && templateFacts(object)
    const { image, progress, notReadyReason } = row
    return { ...templateFacts(object), image, progress, notReadyReason }
  }, [object, row])
  if (object && facts) return { status: 'ready', template: object, facts }
  if (status === 'error') return { status, error }
  return status === 'missing' ? { status } : { status: 'loading' }
}
