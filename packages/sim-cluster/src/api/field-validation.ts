// What a written object must look like: unknown and duplicate fields refused, warned of or dropped without a word, as
// fieldValidation asks; values that do not fit their type refused, for built-in kinds as Go's decoder does, for custom ones by
// the schema of their CRD.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/create.go
import type { ServerResponse } from 'node:http'
import type { KubeObject, StatusCause } from '@virtdeck/k8s'
import { kindKey, objectMetaName, type Schemas } from '../openapi/schema.ts'
import type { ApiResource } from './api-resources.ts'
import { decodingProblem } from './go-types.ts'
import { problemsOf, pruned, type Problem } from './schema-walk.ts'
import { badRequest, failure, invalid, type ApiError } from './status.ts'

export type Directive = 'Ignore' | 'Warn' | 'Strict'

/** Throws 422 for another word. */
export function directiveOf(query: URLSearchParams, options: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): Directive {
  const asked = query.get('fieldValidation') || 'Warn'
  if (asked === 'Ignore' || asked === 'Warn' || asked === 'Strict') return asked
  throw invalid({ group: 'meta.k8s.io', plural: '', kind: options }, '', [
    {
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: "${asked}": supported values: "Ignore", "Strict", "Warn"`,
      field: 'fieldValidation',
    },
  ])
}

const definitionName = ({ kinds }: Schemas, { group, version, kind }: ApiResource) => kinds[kindKey(group, version, kind)]

export function warn(res: ServerResponse, warnings: readonly string[]): void {
  for (const warning of new Set(warnings)) res.appendHeader('Warning', `299 - ${JSON.stringify(warning)}`)
}

/** The object without unknown fields, and what they were; what cannot be decoded at all is said by `problem`. */
function decodedAs(
  schemas: Schemas,
  resource: ApiResource,
  object: KubeObject,
): { object: KubeObject; unknown: string[]; problem?: string } {
  const name = definitionName(schemas, resource)
  const schema = name === undefined ? undefined : schemas.definitions[name]
  if (name === undefined || !schema) return { object, unknown: [] }
  const { definitions } = schemas
  const problem = resource.custom
    ? decodingProblem(definitions, objectMetaName, object.metadata)?.replace(/(Go struct field ObjectMeta\.)/, '$1metadata.')
    : decodingProblem(definitions, name, object)
  if (problem !== undefined) return { object, unknown: [], problem }
  const unknown: string[] = []
  if (!resource.custom) return { object: pruned(definitions, schema, object, unknown, { nulls: true }) as KubeObject, unknown }
  const { metadata: _metadata, ...withoutMetadata } = schema.properties ?? {}
  const metadata = pruned(
    definitions,
    { $ref: `#/components/schemas/${objectMetaName}` },
    object.metadata,
    unknown,
    { nulls: true },
    'metadata',
  )
  const open = { ...schema, properties: { ...withoutMetadata, apiVersion: {}, kind: {}, metadata: {} } }
  return {
    object: { ...(pruned(definitions, open, object, unknown) as KubeObject), metadata: metadata as KubeObject['metadata'] },
    unknown,
  }
}

const strictDecodingError = (errors: readonly string[]): string => `strict decoding error: ${errors.join(', ')}`

const strictErrors = (duplicates: readonly string[], unknown: readonly string[]) => [
  ...duplicates.map((field) => `duplicate field "${field}"`),
  ...unknown.map((field) => `unknown field "${field}"`),
]

/** An object as it was sent to be created or to replace another. Throws 400 for what cannot be read, and for what Strict refuses. */
export function withKnownFields(
  schemas: Schemas,
  res: ServerResponse,
  resource: ApiResource,
  directive: Directive,
  sent: KubeObject,
  duplicates: readonly string[],
): KubeObject {
  const unreadable = (why: string) =>
    badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`)
  const { object, unknown, problem } = decodedAs(schemas, resource, sent)
  if (problem !== undefined) throw unreadable(problem)
  const errors = strictErrors(duplicates, unknown)
  if (errors.length > 0 && directive === 'Strict') throw unreadable(strictDecodingError(errors))
  if (directive === 'Warn') warn(res, errors)
  return object
}

/**
 * What a patch has made of an object. Throws 422 as the API server does of patches.
 * https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/patch.go (applyPatchToCurrentObject)
 */
export function patchedWithKnownFields(
  schemas: Schemas,
  res: ServerResponse,
  resource: ApiResource,
  directive: Directive,
  patched: KubeObject,
  duplicates: readonly string[],
): KubeObject {
  const refused = (why: string): ApiError => {
    const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${why}`
    return failure(422, 'Invalid', ` "" is invalid: patch: ${message}`, {
      causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }],
    })
  }
  const { object, unknown, problem } = decodedAs(schemas, resource, patched)
  if (problem !== undefined) throw refused(problem)
  const errors = strictErrors(duplicates, unknown)
  if (errors.length > 0 && directive === 'Strict') throw refused(strictDecodingError(errors))
  if (directive === 'Warn') warn(res, errors)
  return object
}

/** What an applied configuration says of fields that there are not, whatever fieldValidation asks. */
export function requireDeclaredFields(schemas: Schemas, resource: ApiResource, applied: KubeObject): void {
  const { unknown } = decodedAs(schemas, resource, applied)
  if (unknown.length === 0) return
  const { group, version, kind } = resource
  const { namespace, name } = applied.metadata
  const object = `${namespace === undefined ? '' : namespace}/${name ?? ''}; ${group ? `${group}/` : ''}${version}, Kind=${kind}`
  const errors = unknown.map((field) => `.${field}: field not declared in schema`)
  throw failure(
    500,
    undefined,
    `failed to create typed patch object (${object}): ${errors.length === 1 ? errors[0] : `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`}`,
  )
}

/** The object's problems that the stored one does not have, too: what is not touched is not validated again. */
export function schemaProblems(schemas: Schemas, resource: ApiResource, object: KubeObject, previous?: KubeObject): Problem[] {
  const name = definitionName(schemas, resource)
  const schema = name === undefined ? undefined : schemas.definitions[name]
  if (!resource.custom || !schema) return []
  const { metadata: _metadata, ...withoutMetadata } = schema.properties ?? {}
  const of = (of: KubeObject) => problemsOf(schemas.definitions, { ...schema, properties: withoutMetadata }, of)
  const found = of(object)
  if (found.length === 0 || !previous) return found
  const before = new Set(of(previous).map((problem) => JSON.stringify(problem)))
  return found.filter((problem) => !before.has(JSON.stringify(problem)))
}

/** https://github.com/kubernetes/apiextensions-apiserver/blob/release-1.32/pkg/apiserver/validation/validation.go */
export function schemaCause(problem: Problem): StatusCause {
  const { path: field } = problem
  switch (problem.code) {
    case 'required':
      return { reason: 'FieldValueRequired', message: 'Required value', field }
    case 'type':
      return {
        reason: 'FieldValueTypeInvalid',
        message: `Invalid value: "${problem.found}": ${field} in body must be of type ${problem.expected}: "${problem.found}"`,
        field,
      }
    case 'enum':
      return {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${problem.value}": supported values: ${problem.values.map((value) => `"${value}"`).join(', ')}`,
        field,
      }
    case 'pattern':
      return {
        reason: 'FieldValueInvalid',
        message: `Invalid value: "${problem.value}": ${field} in body should match '${problem.pattern}'`,
        field,
      }
  }
}
