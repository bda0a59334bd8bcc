// Reads the protobuf bodies that kubectl's typed clients send for built-in kinds. Answers are JSON: they accept it.
// https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/runtime/serializer/protobuf/protobuf.go
import { messages, one, type Field, type Message, type Scalar } from './protobuf-messages.ts'

export const protobufMediaType = 'application/vnd.kubernetes.protobuf'

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
      if (field.name === '') Object.assign(object, decoded)
      // Go writes every string of a message; the empty ones are absent in JSON.
      else if (decoded !== '' && decoded !== undefined) object[field.name] = decoded
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
