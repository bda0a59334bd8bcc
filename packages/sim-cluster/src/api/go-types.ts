// Why Go's JSON decoder does not take a value for a built-in type, in its words.
import { quantityName, type Schema, type Schemas } from '../openapi/schema.ts'
import { resolved, typeName } from './schema-walk.ts'

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

// The fields of core/v1 and its neighbours that are 64 bits wide.
const int64Fields =
  /^(activeDeadlineSeconds|expirationSeconds|fsGroup|generation|observedGeneration|runAsGroup|runAsUser|sizeBytes|terminationGracePeriodSeconds|timeoutSeconds|tolerationSeconds|deletionGracePeriodSeconds|tailLines|revision)$/

/** The last part of an OpenAPI name: the struct. */
const structOf = (name: string | undefined) => name?.split('.').at(-1) ?? ''
const packaged = (name: string | undefined) => name?.split('.').slice(-2).join('.') ?? 'interface {}'

function goType(definitions: Schemas['definitions'], given: Schema, field: string): string {
  const { schema, name } = resolved(definitions, given)
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'integer':
      return int64Fields.test(field) ? 'int64' : 'int32'
    case 'number':
      return 'float64'
    case 'array':
      return `[]${goType(definitions, schema.items ?? {}, field)}`
    default:
      return schema.additionalProperties ? `map[string]${goType(definitions, schema.additionalProperties, field)}` : packaged(name)
  }
}

const jsonKind: Record<string, string> = { integer: 'number', boolean: 'bool' }

/** Why Go cannot parse a quantity, or undefined. */
export function quantityProblem(value: unknown): string | undefined {
  if (typeof value === 'number') return undefined
  if (typeof value !== 'string' || !/^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/.test(value)) {
    return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  }
  return /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(([KMGTPE]i)|[numkMGTPE]|[eE][+-]?[0-9]+)?$/.test(value)
    ? undefined
    : "unable to parse quantity's suffix"
}

/**
 * The first thing in an object of a built-in type that Go could not decode, or undefined.
 * @param root the OpenAPI name of the type
 */
export function decodingProblem(definitions: Schemas['definitions'], root: string, value: unknown): string | undefined {
  const visit = (given: Schema, at: unknown, path: string, field: string, struct: string): string | undefined => {
    if (at === null) return undefined
    const { schema, name } = resolved(definitions, given)
    if (name === quantityName) return quantityProblem(at)
    if (schema.oneOf || schema['x-kubernetes-preserve-unknown-fields']) return undefined
    const found = typeName(at)
    const fits = schema.type === undefined || found === schema.type || (schema.type === 'number' && found === 'integer')
    if (!fits) {
      const shown = found === 'number' ? `number ${String(at as number)}` : (jsonKind[found] ?? found)
      return `json: cannot unmarshal ${shown} into Go struct field ${struct}.${path} of type ${goType(definitions, given, field)}`
    }
    if (Array.isArray(at)) {
      const { items } = schema
      return items ? firstOf(at, (item) => visit(items, item, path, field, struct)) : undefined
    }
    if (!isMap(at)) return undefined
    const inner = schema.properties ? structOf(name) : struct
    return firstOf(Object.entries(at), ([key, member]) => {
      const of = schema.properties?.[key]
      if (of) return visit(of, member, path === '' ? key : `${path}.${key}`, key, inner)
      return schema.additionalProperties ? visit(schema.additionalProperties, member, path, field, struct) : undefined
    })
  }
  return visit({ $ref: `#/components/schemas/${root}` }, value, '', '', structOf(root))
}

function firstOf<T>(items: readonly T[], of: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = of(item)
    if (found !== undefined) return found
  }
  return undefined
}
