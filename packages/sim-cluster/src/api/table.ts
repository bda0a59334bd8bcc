// Objects as kubectl prints them: rows of cells that the server chooses.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/printers/internalversion/printers.go
import type { KubeObject } from '@virtdeck/k8s'
import type { Schemas } from '../openapi/schema.ts'
import type { StoredObject } from '../storage/storage.ts'
import { resourceKey, type ApiResource } from './api-resources.ts'
import type { ApiServerContext } from './context.ts'
import { since } from './duration.ts'
import { columnsOf, type Column } from './printer-columns.ts'

const nameColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
}

export function partialMetadata(object: KubeObject) {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

function cell(column: Column, object: StoredObject, nowMs: number): unknown {
  const value = column.value(object as never, nowMs)
  if (value === undefined || value === null) return null
  if (column.type === 'date') return since(value, nowMs)
  return value
}

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject')
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata'
}

/** What a column says of itself, or what the documentation says of the field that it shows. */
function descriptionOf({ definitions }: Schemas, { description, of }: Column): string {
  if (description || of === undefined) return description
  const [type = '', field = ''] = of.split('.')
  return definitions[`io.k8s.api.core.v1.${type}`]?.properties?.[field]?.description ?? ''
}

function columnDefinitions(schemas: Schemas, resource: ApiResource) {
  return [
    nameColumn,
    ...columnsOf(resourceKey(resource)).map((column) => ({
      name: column.name,
      type: column.type,
      format: '',
      description: descriptionOf(schemas, column),
      priority: column.priority,
    })),
  ]
}

function tableRow(resource: ApiResource, object: StoredObject, include: IncludeObject, nowMs: number) {
  return {
    cells: [object.metadata.name, ...columnsOf(resourceKey(resource)).map((column) => cell(column, object, nowMs))],
    object: include === 'None' ? null : include === 'Object' ? object : partialMetadata(object),
  }
}

export function table(
  { schemas, clock }: Pick<ApiServerContext, 'schemas' | 'clock'>,
  resource: ApiResource,
  objects: readonly StoredObject[],
  metadata: object,
  include: IncludeObject,
  withColumns = true,
) {
  const nowMs = clock.now()
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns ? columnDefinitions(schemas, resource) : null,
    rows: objects.map((object) => tableRow(resource, object, include, nowMs)),
  }
}
