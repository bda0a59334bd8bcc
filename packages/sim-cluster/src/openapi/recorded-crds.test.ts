// The schemas beside the CRDs of a real cluster, which lie outside the repository.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { apiResources } from '../api/api-resources.ts'
import { definitionOf } from '../api/served-apis.ts'
import { createOpenApi } from './documents.ts'
import { loadSchemas } from './load.ts'
import type { Schema } from './schema.ts'

const directory = fileURLToPath(new URL('../../../../../shared/captures/crds/', import.meta.url))
const recorded = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.yaml')) : []

type PrinterColumn = { name: string; jsonPath: string; type: string; priority?: number }
type Crd = {
  spec: {
    group: string
    names: { plural: string; singular: string; kind: string; shortNames?: string[]; categories?: string[] }
    scope: string
    versions: { name: string; schema: { openAPIV3Schema: Schema }; subresources?: object; additionalPrinterColumns?: PrinterColumn[] }[]
  }
}

const typeOf = (schema: Schema) => (schema['x-kubernetes-int-or-string'] ? 'int-or-string' : schema.type)

/** Where the generated schema says something else than the recorded one; prose aside. */
function* differences(real: Schema, made: Schema | undefined, path: string): Generator<string> {
  if (!made) {
    yield `${path}: missing`
    return
  }
  if (typeOf(real) !== typeOf(made)) yield `${path}: ${typeOf(made)}, not ${typeOf(real)}`
  const [open, madeOpen] = [real, made].map((schema) => schema['x-kubernetes-preserve-unknown-fields'] === true)
  if (open !== madeOpen) yield `${path}: unknown fields are ${madeOpen ? 'kept' : 'dropped'}`
  if (open) return
  for (const field of Object.keys(made.properties ?? {})) if (!real.properties?.[field]) yield `${path}.${field}: not in the CRD`
  for (const field of new Set([...(real.required ?? []), ...(made.required ?? [])])) {
    if (real.required?.includes(field) !== made.required?.includes(field)) yield `${path}.${field}: required in one only`
  }
  for (const [field, inner] of Object.entries(real.properties ?? {}))
    yield* differences(inner, made.properties?.[field], `${path}.${field}`)
  if (real.items) yield* differences(real.items, made.items, `${path}[]`)
  if (typeof real.additionalProperties === 'object') yield* differences(real.additionalProperties, made.additionalProperties, `${path}{}`)
}

// What may differ: CDI's types are a little newer where KubeVirt's CRDs embed them, and one CRD leaves out what every object has.
const known = [/imageio\.insecureSkipVerify: not in the CRD$/, /^NetworkAttachmentDefinition\.(apiVersion|kind|metadata): not in the CRD$/]

describe.skipIf(recorded.length === 0)('recorded CRDs (skipped where there are no recordings)', () => {
  test.each(recorded)('%s has the fields, types and requirements of the generated schema', async (name) => {
    const openApi = createOpenApi(await loadSchemas())
    const crd = parse(readFileSync(`${directory}${name}`, 'utf8')) as Crd
    const resource = apiResources.find(({ group, plural }) => group === crd.spec.group && plural === crd.spec.names.plural)
    // Every recorded CRD is served.
    expect(resource).toBeDefined()
    for (const version of crd.spec.versions) {
      if (!resource || version.name !== resource.version) continue
      const found = [...differences(version.schema.openAPIV3Schema, openApi.structural(resource, version.name), resource.kind)]
      expect(found.filter((line) => !known.some((pattern) => pattern.test(line)))).toEqual([])
    }
  })

  test.each(recorded)('%s has the names, scope, columns and subresources of the served definition', async (name) => {
    const openApi = createOpenApi(await loadSchemas())
    const crd = parse(readFileSync(`${directory}${name}`, 'utf8')) as Crd
    const resource = apiResources.find(({ group, plural }) => group === crd.spec.group && plural === crd.spec.names.plural)
    const served = resource && (definitionOf(resource, openApi, '') as unknown as Crd)
    const facts = (of: Crd | undefined) => {
      const version = of?.spec.versions.find((candidate) => candidate.name === resource?.version)
      return {
        scope: of?.spec.scope,
        names: of?.spec.names,
        subresources: version?.subresources ?? {},
        columns: version?.additionalPrinterColumns?.map((column) => ({
          name: column.name,
          jsonPath: column.jsonPath,
          type: column.type,
          priority: column.priority ?? 0,
        })),
      }
    }
    expect(facts(served)).toEqual(facts(crd))
  })
})
