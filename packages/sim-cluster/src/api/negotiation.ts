// Which representation the client accepts, and what its body is written in.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/negotiation/negotiate.go
import { failure } from './status.ts'

export type Representation = { as: 'Object' | 'Table' | 'PartialObjectMetadata'; format: 'json' | 'yaml' }

type MediaType = { type: string; parameters: Map<string, string>; quality: number }

function mediaTypes(accept: string): MediaType[] {
  return accept
    .split(',')
    .map((clause) => {
      const [type = '', ...rest] = clause.trim().split(';')
      const parameters = new Map(
        rest.map((parameter) => {
          const [key = '', value = ''] = parameter.trim().split('=')
          return [key.toLowerCase(), value] as const
        }),
      )
      return { type: type.trim().toLowerCase(), parameters, quality: Number(parameters.get('q') ?? 1) }
    })
    .sort((a, b) => b.quality - a.quality)
}

const views: Record<string, Representation['as']> = {
  Table: 'Table',
  PartialObjectMetadata: 'PartialObjectMetadata',
  PartialObjectMetadataList: 'PartialObjectMetadata',
}

/** Throws 406 when nothing that the client accepts can be served. */
export function negotiate(accept: string | undefined): Representation {
  for (const { type, parameters } of mediaTypes(accept || '*/*')) {
    const format = type === 'application/yaml' ? 'yaml' : ['application/json', 'application/*', '*/*'].includes(type) ? 'json' : undefined
    if (!format) continue
    const as = parameters.get('as')
    if (as === undefined) return { as: 'Object', format }
    const view = views[as]
    if (view && parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === 'v1') return { as: view, format }
  }
  throw failure(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
}

/** Discovery's own negotiation: the aggregated document only for those who ask for it by name. */
export function acceptsAggregatedDiscovery(accept: string | undefined): boolean {
  return mediaTypes(accept ?? '').some(
    ({ parameters }) =>
      parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('v') === 'v2' && parameters.get('as') === 'APIGroupDiscoveryList',
  )
}

/** The media type of a body, without parameters; JSON where nothing is said. */
export function contentType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() || 'application/json'
}
