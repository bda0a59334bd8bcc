// Reads the protobuf bodies that kubectl's typed clients send for built-in kinds. Answers are JSON: they accept it.
// https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/runtime/serializer/protobuf/protobuf.go
// Field numbers: https://github.com/kubernetes/api/blob/v0.32.0/core/v1/generated.proto and its siblings.

export const protobufMediaType = 'application/vnd.kubernetes.protobuf'

type Scalar = 'string' | 'bytes' | 'int' | 'bool' | 'time' | 'quantity' | 'intOrString'
type Field = { name: string; type: Scalar | Message; repeated?: boolean; map?: boolean }
type Message = { [fieldNumber: number]: Field }

const one = (name: string, type: Field['type'] = 'string'): Field => ({ name, type })
const many = (name: string, type: Field['type'] = 'string'): Field => ({ name, type, repeated: true })
const mapOf = (name: string, type: Scalar = 'string'): Field => ({ name, type, map: true })

const ownerReference: Message = {
  1: one('kind'),
  3: one('name'),
  4: one('uid'),
  5: one('apiVersion'),
  6: one('controller', 'bool'),
  7: one('blockOwnerDeletion', 'bool'),
}
const metadata: Message = {
  1: one('name'),
  2: one('generateName'),
  3: one('namespace'),
  5: one('uid'),
  6: one('resourceVersion'),
  7: one('generation', 'int'),
  8: one('creationTimestamp', 'time'),
  9: one('deletionTimestamp', 'time'),
  10: one('deletionGracePeriodSeconds', 'int'),
  11: mapOf('labels'),
  12: mapOf('annotations'),
  13: many('ownerReferences', ownerReference),
  14: many('finalizers'),
}
const meta = one('metadata', metadata)
const localReference: Message = { 1: one('name') }
const objectReference: Message = { 1: one('kind'), 2: one('namespace'), 3: one('name'), 4: one('uid'), 5: one('apiVersion') }
const deleteOptions: Message = {
  1: one('gracePeriodSeconds', 'int'),
  2: one('preconditions', { 1: one('uid'), 2: one('resourceVersion') }),
  3: one('orphanDependents', 'bool'),
  4: one('propagationPolicy'),
  5: many('dryRun'),
}
const policyRule: Message = {
  1: many('verbs'),
  2: many('apiGroups'),
  3: many('resources'),
  4: many('resourceNames'),
  5: many('nonResourceURLs'),
}
const subject: Message = { 1: one('kind'), 2: one('apiGroup'), 3: one('name'), 4: one('namespace') }
const roleRef: Message = { 1: one('apiGroup'), 2: one('kind'), 3: one('name') }
const binding: Message = { 1: meta, 2: many('subjects', subject), 3: one('roleRef', roleRef) }
const labelSelector: Message = {
  1: mapOf('matchLabels'),
  2: many('matchExpressions', { 1: one('key'), 2: one('operator'), 3: many('values') }),
}
const resourceAttributes: Message = {
  1: one('namespace'),
  2: one('verb'),
  3: one('group'),
  4: one('version'),
  5: one('resource'),
  6: one('subresource'),
  7: one('name'),
}
const nonResourceAttributes: Message = { 1: one('path'), 2: one('verb') }
const ownQuestion: Message = { 1: one('resourceAttributes', resourceAttributes), 2: one('nonResourceAttributes', nonResourceAttributes) }
const question: Message = { ...ownQuestion, 3: one('user'), 4: many('groups'), 6: one('uid') }
const withSpec = (spec: Message): Message => ({ 1: meta, 2: one('spec', spec) })

const messages: Record<string, Message> = {
  'v1/Namespace': { ...withSpec({ 1: many('finalizers') }) },
  'v1/ConfigMap': { 1: meta, 2: mapOf('data'), 3: mapOf('binaryData', 'bytes'), 4: one('immutable', 'bool') },
  'v1/Secret': { 1: meta, 2: mapOf('data', 'bytes'), 3: one('type'), 4: mapOf('stringData'), 5: one('immutable', 'bool') },
  'v1/ServiceAccount': {
    1: meta,
    2: many('secrets', objectReference),
    3: many('imagePullSecrets', localReference),
    4: one('automountServiceAccountToken', 'bool'),
  },
  'v1/ResourceQuota': withSpec({ 1: mapOf('hard', 'quantity'), 2: many('scopes') }),
  'v1/DeleteOptions': deleteOptions,
  'policy/v1/PodDisruptionBudget': withSpec({
    1: one('minAvailable', 'intOrString'),
    2: one('selector', labelSelector),
    3: one('maxUnavailable', 'intOrString'),
    4: one('unhealthyPodEvictionPolicy'),
  }),
  'policy/v1/Eviction': { 1: meta, 2: one('deleteOptions', deleteOptions) },
  'scheduling.k8s.io/v1/PriorityClass': {
    1: meta,
    2: one('value', 'int'),
    3: one('globalDefault', 'bool'),
    4: one('description'),
    5: one('preemptionPolicy'),
  },
  'rbac.authorization.k8s.io/v1/Role': { 1: meta, 2: many('rules', policyRule) },
  'rbac.authorization.k8s.io/v1/ClusterRole': {
    1: meta,
    2: many('rules', policyRule),
    3: one('aggregationRule', { 1: many('clusterRoleSelectors', labelSelector) }),
  },
  'rbac.authorization.k8s.io/v1/RoleBinding': binding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': binding,
  'authorization.k8s.io/v1/SelfSubjectAccessReview': withSpec(ownQuestion),
  'authorization.k8s.io/v1/SelfSubjectRulesReview': withSpec({ 1: one('namespace') }),
  'authorization.k8s.io/v1/SubjectAccessReview': withSpec(question),
  'authorization.k8s.io/v1/LocalSubjectAccessReview': withSpec(question),
  'authentication.k8s.io/v1/SelfSubjectReview': { 1: meta },
  'authentication.k8s.io/v1/TokenReview': withSpec({ 1: one('token'), 2: many('audiences') }),
}

type Wire = { fieldNumber: number; value: bigint | Buffer }

function* fieldsOf(bytes: Buffer): Generator<Wire> {
  let offset = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset]
      if (byte === undefined || shift > 63n) throw new SyntaxError('unexpected end of protobuf')
      offset += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (offset < bytes.length) {
    const tag = Number(varint())
    const fieldNumber = tag >>> 3
    switch (tag & 7) {
      case 0:
        yield { fieldNumber, value: varint() }
        break
      case 2: {
        const length = Number(varint())
        if (offset + length > bytes.length) throw new SyntaxError('unexpected end of protobuf')
        yield { fieldNumber, value: bytes.subarray(offset, offset + length) }
        offset += length
        break
      }
      default:
        throw new SyntaxError(`unexpected wire type ${tag & 7}`)
    }
  }
}

function scalar(type: Scalar, value: bigint | Buffer): unknown {
  if (typeof value === 'bigint') return type === 'bool' ? value !== 0n : Number(BigInt.asIntN(64, value))
  switch (type) {
    case 'bytes':
      return value.toString('base64')
    case 'quantity':
      return decode({ 1: one('string') }, value).string ?? '0'
    case 'intOrString': {
      const { type: isString, number = 0, text = '' } = decode({ 1: one('type', 'int'), 2: one('number', 'int'), 3: one('text') }, value)
      return isString === 1 ? text : number
    }
    case 'time': {
      const { seconds } = decode({ 1: one('seconds', 'int') }, value)
      return typeof seconds === 'number' ? new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z') : undefined
    }
    default:
      return value.toString('utf8')
  }
}

function decodeValue(type: Field['type'], value: bigint | Buffer): unknown {
  if (typeof type === 'string') return scalar(type, value)
  return typeof value === 'bigint' ? undefined : decode(type, value)
}

function decode(message: Message, bytes: Buffer): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const { fieldNumber, value } of fieldsOf(bytes)) {
    const field = message[fieldNumber]
    if (!field) continue
    if (field.map) {
      const entry = decode({ 1: one('key'), 2: one('value', field.type) }, value as Buffer)
      object[field.name] = { ...(object[field.name] as object | undefined), [String(entry.key ?? '')]: entry.value ?? '' }
    } else if (field.repeated) {
      object[field.name] = [...((object[field.name] as unknown[] | undefined) ?? []), decodeValue(field.type, value)]
    } else {
      const decoded = decodeValue(field.type, value)
      // Go writes every string of a message; the empty ones are absent in JSON.
      if (decoded !== '' && decoded !== undefined) object[field.name] = decoded
    }
  }
  return object
}

const magic = Buffer.from('k8s\0')

/** The object in a protobuf body, or undefined for a kind that is not known here. Throws SyntaxError. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> | undefined {
  if (!body.subarray(0, magic.length).equals(magic)) throw new SyntaxError('provided data does not appear to be a protobuf message')
  const { typeMeta, raw } = decode(
    { 1: one('typeMeta', { 1: one('apiVersion'), 2: one('kind') }), 2: one('raw', 'bytes') },
    body.subarray(magic.length),
  )
  const { apiVersion, kind } = (typeMeta ?? {}) as { apiVersion?: string; kind?: string }
  const message = messages[`${apiVersion}/${kind}`]
  if (!message) return undefined
  return { apiVersion, kind, ...decode(message, Buffer.from(String(raw ?? ''), 'base64')) }
}
