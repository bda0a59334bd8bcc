// The part of OpenAPI v3 that Kubernetes uses to describe its objects.

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'

export type Schema = {
  description?: string
  type?: SchemaType
  format?: string
  /** `#/components/schemas/NAME`, also inside `allOf` where a description stands beside it. */
  $ref?: string
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema
  enum?: string[]
  pattern?: string
  nullable?: boolean
  default?: unknown
  'x-kubernetes-preserve-unknown-fields'?: true
  'x-kubernetes-int-or-string'?: true
  'x-kubernetes-embedded-resource'?: true
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
}

export type Schemas = {
  /** By OpenAPI name: `io.k8s.api.core.v1.Pod`, `io.kubevirt.v1.VirtualMachine`, and what these refer to. */
  definitions: Record<string, Schema>
  /** OpenAPI names by `group/version/Kind`. */
  kinds: Record<string, string>
}

export const referenceTo = (name: string): string => `#/components/schemas/${name}`

/** The name in a reference. */
export const referredName = (reference: string): string => reference.slice(referenceTo('').length)

export const kindKey = (group: string, version: string, kind: string): string => `${group}/${version}/${kind}`

export const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
export const listMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'
export const quantityName = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
export const intOrStringName = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
export const timeName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time'
export const microTimeName = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime'
