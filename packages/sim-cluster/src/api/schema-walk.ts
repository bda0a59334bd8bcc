// What an object has that its schema does not know, and where its values are of another type.
import { referredName, type Schema, type Schemas } from '../openapi/schema.ts'

type Definitions = Schemas['definitions']
type Fields = Record<string, unknown>

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A schema with what it refers to; the name is that of the last reference. */
export function resolved(definitions: Definitions, schema: Schema): { schema: Schema; name?: string } {
  const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined)
  if (reference === undefined) return { schema }
  const name = referredName(reference)
  return { name, ...resolvedOnward(definitions, name) }
}

function resolvedOnward(definitions: Definitions, name: string): { schema: Schema; name?: string } {
  const found = definitions[name]
  return found ? resolved(definitions, found) : { schema: { 'x-kubernetes-preserve-unknown-fields': true } }
}

const join = (path: string, field: string) => (path === '' ? field : `${path}.${field}`)

/**
 * The value without fields that the schema does not have, which are added to `unknown` by their paths. What is unchanged is
 * shared. `nulls` drops fields that are null, as Go's decoder reads them for built-in types.
 */
export function pruned(
  definitions: Definitions,
  schema: Schema,
  value: unknown,
  unknown: string[],
  { nulls = false }: { nulls?: boolean } = {},
  path = '',
): unknown {
  const { schema: known } = resolved(definitions, schema)
  const open = known['x-kubernetes-preserve-unknown-fields'] === true
  if (Array.isArray(value)) {
    const { items } = known
    return items ? value.map((item, index) => pruned(definitions, items, item, unknown, { nulls }, `${path}[${index}]`)) : value
  }
  if (!isMap(value)) return value
  const { properties, additionalProperties } = known
  if (!properties && !additionalProperties && (open || known.type !== 'object')) return value
  const kept: Fields = {}
  for (const [field, inner] of Object.entries(value)) {
    const at = join(path, field)
    const of = properties?.[field] ?? additionalProperties
    if (!of && !open) unknown.push(at)
    else if (!(nulls && inner === null)) kept[field] = of ? pruned(definitions, of, inner, unknown, { nulls }, at) : inner
  }
  return kept
}

export type Problem = { path: string } & (
  | { code: 'type'; expected: string; found: string }
  | { code: 'required' }
  | { code: 'enum'; value: string; values: readonly string[] }
  | { code: 'pattern'; value: string; pattern: string }
)

/** What kube-openapi calls the type of a JSON value. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

const dateTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

function fits(schema: Schema, found: string): boolean {
  if (schema['x-kubernetes-int-or-string']) return found === 'integer' || found === 'string'
  if (schema.type === undefined) return true
  return found === schema.type || (schema.type === 'number' && found === 'integer')
}

/** Where a value is not what its structural schema asks for, in the order of the value's own fields. */
export function problemsOf(definitions: Definitions, schema: Schema, value: unknown, path = ''): Problem[] {
  const { schema: known } = resolved(definitions, schema)
  const found = typeName(value)
  if (found === 'null' && known.nullable) return []
  if (!fits(known, found)) {
    const expected = known['x-kubernetes-int-or-string'] ? 'integer,string' : (known.type ?? '')
    return [{ path, code: 'type', expected, found }]
  }
  if (typeof value === 'string') {
    if (known.enum && !known.enum.includes(value)) return [{ path, code: 'enum', value, values: known.enum }]
    if (known.pattern && !new RegExp(known.pattern).test(value)) return [{ path, code: 'pattern', value, pattern: known.pattern }]
    if (known.format === 'date-time' && !dateTime.test(value)) return [{ path, code: 'type', expected: 'date-time', found: value }]
    return []
  }
  if (Array.isArray(value)) {
    const { items } = known
    return items ? value.flatMap((item, index) => problemsOf(definitions, items, item, `${path}[${index}]`)) : []
  }
  if (!isMap(value)) return []
  const missing = (known.required ?? [])
    .filter((field) => !(field in value))
    .map((field): Problem => ({ path: join(path, field), code: 'required' }))
  const inner = Object.entries(value).flatMap(([field, of]) => {
    const fieldSchema = known.properties?.[field] ?? known.additionalProperties
    return fieldSchema ? problemsOf(definitions, fieldSchema, of, join(path, field)) : []
  })
  return [...missing, ...inner]
}
