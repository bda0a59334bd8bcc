import { resources, type DataVolume, type Status, type VmTemplate } from '@virtdeck/k8s'
import { percentOf, templateFacts, type TemplateFacts, type TemplateSources } from '@virtdeck/kubevirt'
import { useMemo } from 'react'
import { useWatchList, useWatchObject } from '../../api/watch.ts'
import { useWatchMany } from '../../api/watch-many.ts'

export type Templates = { status: 'loading' | 'ready' | 'error'; error?: Status; templates: readonly TemplateFacts[] }

/** Every template and whether its image is there, live. */
export function useTemplates(): Templates {
  const { items, status, error } = useWatchList(resources.vmTemplates, {})
  const sources = useTemplateSources(items)
  const templates = useMemo(() => items.map((template) => templateFacts(template, sources)), [items, sources])
  return { status, templates, ...(error && { error }) }
}

export type TemplateState =
  | { status: 'loading' }
  | { status: 'missing' }
  | { status: 'error'; error: Status }
  | { status: 'ready'; template: VmTemplate; facts: TemplateFacts }

export function useTemplate(name: string): TemplateState {
  const { object, status, error } = useWatchObject(resources.vmTemplates, { name })
  const items = useMemo(() => (object ? [object] : []), [object])
  const sources = useTemplateSources(items)
  const facts = useMemo(() => object && templateFacts(object, sources), [object, sources])
  if (object && facts) return { status: 'ready', template: object, facts }
  if (status === 'error') return { status, error }
  return status === 'missing' ? { status } : { status: 'loading' }
}

/** The images that the templates clone, as far as the user may see them: who may not is not told that they are missing. */
function useTemplateSources(templates: readonly VmTemplate[]): TemplateSources {
  const namespaces = [
    ...new Set(templates.map((template) => cloneNamespace(templateFacts(template))).filter((name) => name !== undefined)),
  ].toSorted()
  const scopes = namespaces.map((namespace) => ({ namespace }))
  const claims = useWatchMany(resources.persistentVolumeClaims, scopes)
  const dataVolumes = useWatchMany(resources.dataVolumes, scopes)
  const key = namespaces.join(' ')
  return useMemo(() => {
    const known = new Map<string, { progress?: number; failed?: string }>()
    for (const { metadata } of claims.items) known.set(`${metadata.namespace}/${metadata.name}`, {})
    for (const dv of dataVolumes.items) known.set(`${dv.metadata.namespace}/${dv.metadata.name}`, importState(dv))
    return { claims: known, ...(claims.status === 'ready' && { knownNamespaces: new Set(key.split(' ')) }) }
  }, [claims, dataVolumes, key])
}

function cloneNamespace({ origin }: TemplateFacts): string | undefined {
  return origin?.kind === 'clone' && origin.resource === 'persistentvolumeclaims' ? origin.namespace : undefined
}

function importState({ status }: DataVolume): { progress?: number; failed?: string } {
  if (status?.phase === 'Succeeded') return {}
  if (status?.phase === 'Failed') return { failed: status.conditions?.find(({ type }) => type === 'Running')?.message ?? 'it failed' }
  return { progress: percentOf(status?.progress) ?? 0 }
}
