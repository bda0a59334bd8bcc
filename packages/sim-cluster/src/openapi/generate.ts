// Makes the schemas of everything that is served from the typed packages: built-in kinds from their Kubernetes bundle,
// KubeVirt's and CDI's from their own, the rest by hand. Runs when the project is built, or once from its sources.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { apiResources, type ApiResource } from '../api/api-resources.ts'
import { conditionTimes, correctedFields, descriptions, laterFields, renamedFields, requiredFields } from './corrections.ts'
import { readDeclarations, type Declarations } from './declarations.ts'
import { handWritten } from './hand-written.ts'
import {
  intOrStringName,
  kindKey,
  microTimeName,
  objectMetaName,
  quantityName,
  referenceTo,
  timeName,
  type Schema,
  type Schemas,
} from './schema.ts'

const quantityPattern = String.raw`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`

/** controller-gen's form of a quantity in a CRD. */
const customQuantity: Schema = {
  pattern: quantityPattern,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
}

// Scalar types of Kubernetes that are strings to TypeScript: known by the prose of their own that fields without any are given.
const scalars: { begins: string; name: string; custom: Schema }[] = [
  { begins: 'Quantity is a fixed-point representation', name: quantityName, custom: customQuantity },
  {
    begins: 'IntOrString is a type that can hold',
    name: intOrStringName,
    custom: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
  },
  { begins: 'Time is a wrapper around time.Time', name: timeName, custom: { type: 'string', format: 'date-time' } },
  { begins: 'MicroTime is version of Time', name: microTimeName, custom: { type: 'string', format: 'date-time' } },
  { begins: 'Duration is a wrapper around time.Duration', name: '', custom: { type: 'string' } },
]

/** Maps to quantities (core/v1 ResourceList), which are maps to strings in TypeScript. */
const resourceLists = new Set(
  'limits requests capacity allocatable hard used default defaultRequest max min maxLimitRequestRatio allocatedResources podFixed overhead resources'.split(
    ' ',
  ),
)

/** Built-in types that the served kinds do not name, and those that stand for scalars. */
const commonDefinitions: Record<string, Schema> = {
  [quantityName]: {
    description:
      'Quantity is a fixed-point representation of a number. It provides convenient marshaling/unmarshaling in JSON and YAML, in addition to String() and AsInt64() accessors.',
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
  [intOrStringName]: {
    description:
      'IntOrString is a type that can hold an int32 or a string.  When used in JSON or YAML marshalling and unmarshalling, it produces or consumes the inner type.  This allows you to have, for example, a JSON field that can accept a name or number.',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  [timeName]: {
    description:
      'Time is a wrapper around time.Time which supports correct marshaling to YAML and JSON.  Wrappers are provided for many of the factory methods that the time package offers.',
    type: 'string',
    format: 'date-time',
  },
  [microTimeName]: { description: 'MicroTime is version of Time with microsecond level precision.', type: 'string', format: 'date-time' },
}

type Bundle = 'kubernetes' | 'kubevirt' | 'containerized-data-importer'

/** Reads the packages and makes all schemas; takes a second or two. */
export async function generateSchemas(): Promise<Schemas> {
  const { parseSync } = await import('vite')
  const directory = typesDirectory()
  const read = (bundle: Bundle) => readDeclarations(readFileSync(join(directory, bundle, 'index.d.ts'), 'utf8'), parseSync)
  const bundles = { kubernetes: read('kubernetes'), kubevirt: read('kubevirt'), cdi: read('containerized-data-importer') }
  return schemasOf(apiResources, bundles)
}

/** Where the generated types are installed. */
function typesDirectory(): string {
  const entry = createRequire(import.meta.url).resolve('@kubevirt-ui-ext/kubevirt-api/kubernetes')
  return dirname(dirname(entry))
}

function schemasOf(
  resources: readonly ApiResource[],
  bundles: { kubernetes: Declarations; kubevirt: Declarations; cdi: Declarations },
): Schemas {
  const definitions: Record<string, Schema> = { ...commonDefinitions }
  const kinds: Record<string, string> = {}

  /** Defines a built-in type and what it refers to, under its OpenAPI name. */
  const builtIn = (interfaceName: string): string => {
    const name = openApiName(interfaceName)
    if (definitions[name]) return name
    const found = bundles.kubernetes.read(interfaceName)
    if (!found) throw new Error(`no such type: ${interfaceName}`)
    definitions[name] = {}
    definitions[name] = corrected(
      interfaceName,
      withFields(found, (field, schema) => builtInField(interfaceName, field, schema)),
    )
    return name
  }

  const builtInField = (owner: string, field: string, schema: Schema): Schema => {
    if (schema.$ref) {
      const { $ref, description, ...rest } = schema
      // The prose of the type, where the field has none.
      const said = description ?? bundles.kubernetes.read($ref)?.description
      const reference = { $ref: referenceTo(builtIn($ref)) }
      return { ...rest, ...(said ? { description: said, allOf: [reference] } : reference) }
    }
    const scalar = scalars.find(({ begins }) => schema.description?.startsWith(begins))
    if (scalar) return scalar.name ? { $ref: referenceTo(scalar.name) } : { ...schema, ...scalar.custom }
    if (field.endsWith('Timestamp') && schema.type === 'string') return described(schema, { allOf: [{ $ref: referenceTo(timeName) }] })
    if (resourceLists.has(field) && schema.additionalProperties?.type === 'string') {
      return { ...schema, additionalProperties: { $ref: referenceTo(quantityName) } }
    }
    return nested(schema, (inner) => builtInField(owner, '', inner))
  }

  /** Defines a type of KubeVirt's or CDI's under a name of its own; documents have these written out, as CRDs do. */
  const custom = (bundle: 'kubevirt' | 'cdi', interfaceName: string): string => {
    const name = `${bundle}.${interfaceName}`
    if (definitions[name]) return name
    const found = bundles[bundle].read(interfaceName)
    if (!found) throw new Error(`no such type: ${name}`)
    definitions[name] = {}
    definitions[name] = corrected(
      interfaceName,
      withFields(found, (field, schema) => customField(bundle, interfaceName, field, schema)),
    )
    return name
  }

  const customField = (bundle: 'kubevirt' | 'cdi', owner: string, field: string, found: Schema): Schema => {
    const own = descriptions[`${owner}.${field}`]
    const schema = own ? { ...found, description: own } : found
    // What the types enumerate, the CRDs leave to the webhooks.
    const { enum: _values, ...given } = schema
    if (given['x-kubernetes-preserve-unknown-fields']) return described(given, { type: 'object' })
    if (given.$ref) {
      if (given.$ref.endsWith('ObjectMeta'))
        return described(given, { type: 'object', nullable: true, 'x-kubernetes-preserve-unknown-fields': true })
      return described(given, { $ref: referenceTo(custom(bundle, given.$ref)) })
    }
    const scalar = scalars.find(({ begins }) => found.description?.startsWith(begins))
    if (scalar) return { ...(own ? { description: own } : {}), ...scalar.custom }
    if (field.endsWith('Timestamp') && given.type === 'string') return { ...given, format: 'date-time' }
    if (resourceLists.has(field) && given.additionalProperties?.type === 'string') return { ...given, additionalProperties: customQuantity }
    return nested(given, (inner) => customField(bundle, owner, '', inner))
  }

  const root = (resource: ApiResource, version: string): Schema | string | undefined => {
    if (!resource.custom && resource.group !== 'upload.cdi.kubevirt.io') return builtIn(builtInInterface({ ...resource, version }))
    const written = handWritten[kindKey(resource.group, version, resource.kind)]
    if (written) return fromHand(written)
    const bundle = resource.group.endsWith('cdi.kubevirt.io') ? 'cdi' : 'kubevirt'
    const interfaceName = `${version.replace(/^v/, 'V')}${resource.kind}`
    const found = bundles[bundle].read(interfaceName)
    return found && withFields(found, (field, schema) => (field === 'metadata' ? {} : customField(bundle, interfaceName, field, schema)))
  }

  const fromHand = (schema: Schema): Schema => {
    if (schema.$ref) {
      const [bundle = '', interfaceName = ''] = schema.$ref.split('.')
      if (interfaceName === 'runStrategy') return described(schema, { type: 'string' })
      return described(schema, { $ref: referenceTo(custom(bundle === 'cdi' ? 'cdi' : 'kubevirt', interfaceName)) })
    }
    const { properties } = schema
    return nested(
      {
        ...schema,
        ...(properties
          ? { properties: Object.fromEntries(Object.entries(properties).map(([field, inner]) => [field, fromHand(inner)])) }
          : {}),
      },
      fromHand,
    )
  }

  builtIn('IoK8sApimachineryPkgApisMetaV1ObjectMeta')
  builtIn('IoK8sApimachineryPkgApisMetaV1ListMeta')
  builtIn('IoK8sApimachineryPkgApisMetaV1DeleteOptions')
  builtIn('IoK8sApimachineryPkgApisMetaV1Status')
  builtIn('IoK8sApiAutoscalingV1Scale')
  builtIn('IoK8sApiPolicyV1Eviction')
  for (const resource of resources) {
    for (const version of [resource.version, ...resource.otherVersions]) {
      const key = kindKey(resource.group, version, resource.kind)
      // Versions without types of their own have the schema of the first.
      const schema = root(resource, version) ?? root(resource, resource.version)
      if (schema === undefined) throw new Error(`no types for ${key}`)
      if (typeof schema === 'string') {
        kinds[key] = schema
        continue
      }
      const name = `${resource.group.split('.').toReversed().join('.')}.${version}.${resource.kind}`
      kinds[key] = name
      definitions[name] = { ...schema, properties: { ...schema.properties, metadata: metadataField } }
    }
  }
  for (const [key, name] of Object.entries(kinds)) {
    const [group = '', version = '', kind = ''] = key.split('/')
    const definition = definitions[name]
    if (!definition) continue
    const gvks = [...(definition['x-kubernetes-group-version-kind'] ?? []), { group, version, kind }]
    definitions[name] = { ...definition, 'x-kubernetes-group-version-kind': gvks }
  }
  return { definitions, kinds }
}

const metadataField: Schema = {
  description:
    "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  allOf: [{ $ref: referenceTo(objectMetaName) }],
}

/** As the CRD of the simulated version has it. */
function corrected(interfaceName: string, schema: Schema): Schema {
  const later = laterFields[interfaceName] ?? []
  const properties = {
    ...Object.fromEntries(
      Object.entries(schema.properties ?? {})
        .filter(([field]) => !later.includes(field))
        .map(([field, inner]) => [renamed(interfaceName, field), inner]),
    ),
    ...correctedFields[interfaceName],
    ...(/^V1\w*Condition$/.test(interfaceName) && !schema.properties?.['lastHeartbeatTime'] ? conditionTimes : {}),
  }
  const required = [
    ...new Set([...(requiredFields[interfaceName] ?? []), ...(schema.required ?? []).map((field) => renamed(interfaceName, field))]),
  ]
  return { ...schema, properties, ...(required.length > 0 ? { required } : {}) }
}

const renamed = (interfaceName: string, field: string) => renamedFields[`${interfaceName}.${field}`] ?? field

const described = ({ description }: Schema, schema: Schema): Schema => ({ ...(description ? { description } : {}), ...schema })

function withFields(schema: Schema, of: (field: string, schema: Schema) => Schema): Schema {
  const properties = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([field, inner]) => [field, of(field, inner)]))
  return { ...schema, properties }
}

function nested(schema: Schema, of: (schema: Schema) => Schema): Schema {
  return {
    ...schema,
    ...(schema.items ? { items: of(schema.items) } : {}),
    ...(schema.additionalProperties ? { additionalProperties: of(schema.additionalProperties) } : {}),
  }
}

const modules: [interfacePrefix: string, openApiPrefix: string][] = [
  ['IoK8sApimachineryPkgApisMeta', 'io.k8s.apimachinery.pkg.apis.meta'],
  ['IoK8sApiextensionsApiserverPkgApisApiextensions', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions'],
  ['IoK8sKubeAggregatorPkgApisApiregistration', 'io.k8s.kube-aggregator.pkg.apis.apiregistration'],
]

/** `IoK8sApiCoreV1PodSpec` is `io.k8s.api.core.v1.PodSpec`. */
function openApiName(interfaceName: string): string {
  const found = modules.find(([prefix]) => interfaceName.startsWith(prefix))
  const prefix = found?.[0] ?? /^IoK8sApi[A-Z][a-z0-9]*?(?=V\d)/.exec(interfaceName)?.[0]
  const parts = prefix === undefined ? undefined : /^(V\d+(?:alpha\d+|beta\d+)?)(.+)$/.exec(interfaceName.slice(prefix.length))
  if (prefix === undefined || !parts) throw new Error(`a type of an unknown module: ${interfaceName}`)
  const module = found?.[1] ?? `io.k8s.api.${prefix.slice('IoK8sApi'.length).toLowerCase()}`
  return `${module}.${parts[1]?.toLowerCase()}.${parts[2]}`
}

function builtInInterface({ group, version, kind }: Pick<ApiResource, 'group' | 'version' | 'kind'>): string {
  const module = group === '' ? 'core' : (group.split('.')[0] ?? '')
  const found = modules.find(([, prefix]) => prefix.endsWith(`.${module}`))
  const prefix = found?.[0] ?? `IoK8sApi${module[0]?.toUpperCase()}${module.slice(1)}`
  return `${prefix}${version.replace(/^v/, 'V')}${kind}`
}
