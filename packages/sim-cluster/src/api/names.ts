// Names, labels and annotations as apimachinery validates them.
// https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/util/validation/validation.go
import type { KubeObject, StatusCause } from '@virtdeck/k8s'
import { resourceKey, type ApiResource } from './api-resources.ts'

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(\\.${label})*`
const labelValue = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'
const qualifiedName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

type Rule = { pattern: RegExp; maxLength: number; message: string }

const subdomainRule: Rule = {
  pattern: new RegExp(`^${subdomain}$`),
  maxLength: 253,
  message: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
}

const labelRule: Rule = {
  pattern: new RegExp(`^${label}$`),
  maxLength: 63,
  message: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`,
}

const serviceRule: Rule = {
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  maxLength: 63,
  message: `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
}

const pathSegmentRule: Rule = { pattern: /^(?!\.{1,2}$)[^/%]+$/, maxLength: Infinity, message: `may not contain '/' or '%'` }

const rules: Record<string, Rule> = { namespaces: labelRule, services: serviceRule }

function ruleFor(resource: ApiResource): Rule {
  if (resource.group === 'rbac.authorization.k8s.io') return pathSegmentRule
  return rules[resourceKey(resource)] ?? subdomainRule
}

const invalidValue = (field: string, value: string, why: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: "${value}": ${why}`,
  field,
})

function nameCauses(resource: ApiResource, name: string): StatusCause[] {
  const rule = ruleFor(resource)
  if (name.length > rule.maxLength) return [invalidValue('metadata.name', name, `must be no more than ${rule.maxLength} characters`)]
  return rule.pattern.test(name) ? [] : [invalidValue('metadata.name', name, rule.message)]
}

const qualifiedPattern = new RegExp(`^${qualifiedName}$`)

function qualifiedNameProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  const name = slash < 0 ? key : key.slice(slash + 1)
  if (prefix === '') return 'prefix part must be non-empty'
  if (prefix !== undefined && !subdomainRule.pattern.test(prefix)) return `prefix part ${subdomainRule.message}`
  if (name === '') return 'name part must be non-empty'
  if (name.length > 63) return 'name part must be no more than 63 characters'
  if (!qualifiedPattern.test(name)) {
    return `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedName}')`
  }
  return undefined
}

const valuePattern = new RegExp(`^${labelValue}$`)
const annotationsLimitBytes = 256 * 1024

function labelCauses(labels: Record<string, unknown>): StatusCause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const text = String(value ?? '')
    const problem = qualifiedNameProblem(key)
    const causes = problem ? [invalidValue('metadata.labels', key, problem)] : []
    if (text.length > 63) causes.push(invalidValue('metadata.labels', text, 'must be no more than 63 characters'))
    else if (!valuePattern.test(text)) {
      causes.push(
        invalidValue(
          'metadata.labels',
          text,
          `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${labelValue}')`,
        ),
      )
    }
    return causes
  })
}

function annotationCauses(annotations: Record<string, unknown>): StatusCause[] {
  const causes: StatusCause[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations)) {
    const problem = qualifiedNameProblem(key.toLowerCase())
    if (problem) causes.push(invalidValue('metadata.annotations', key, problem))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value ?? ''))
  }
  if (bytes > annotationsLimitBytes) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${annotationsLimitBytes} bytes`,
      field: 'metadata.annotations',
    })
  }
  return causes
}

/** Everything that is wrong with an object's metadata. */
export function metadataCauses(resource: ApiResource, object: KubeObject): StatusCause[] {
  const { name, labels, annotations, ownerReferences } = object.metadata
  const causes = name
    ? nameCauses(resource, name)
    : [{ reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field: 'metadata.name' }]
  causes.push(...annotationCauses(annotations ?? {}), ...labelCauses(labels ?? {}))
  ownerReferences?.forEach((reference, index) => {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!reference[field]) {
        causes.push({
          reason: 'FieldValueInvalid',
          message: `Invalid value: "": ${field} must not be empty`,
          field: `metadata.ownerReferences[${index}].${field}`,
        })
      }
    }
  })
  return causes
}

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/names/generate.go */
export function generatedName(base: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5))
  return base.slice(0, 58) + Array.from(bytes, (byte) => suffixAlphabet[byte % suffixAlphabet.length]).join('')
}
