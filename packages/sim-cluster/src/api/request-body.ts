// Bodies: at most 3 MiB, JSON or YAML, of the kind that the path says.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/endpoints/handlers/create.go
import type { IncomingMessage } from 'node:http'
import type { KubeObject } from '@virtdeck/k8s'
import { parseDocument } from 'yaml'
import { groupVersion, type ApiResource } from './api-resources.ts'
import { contentType } from './negotiation.ts'
import { decodeProtobuf, protobufMediaType } from './protobuf.ts'
import { badRequest, failure, unsupportedMediaType } from './status.ts'

export const bodyLimitBytes = 3 * 1024 * 1024

const tooLarge = () => failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bodyLimitBytes}`)

/** Reads the whole body. Throws 413 beyond the limit, and leaves the rest to be discarded, so that the client reads why. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > bodyLimitBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyLimitBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** encoding/json's words for what JSON.parse refuses. */
export function goJsonError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  if (/end of JSON input|Unterminated/.test(message)) return 'unexpected end of JSON input'
  const position = /position (\d+)/.exec(message)?.[1]
  const found = position === undefined ? text.trimStart()[0] : text[Number(position)]
  return found === undefined ? 'unexpected end of JSON input' : `invalid character '${found}' looking for beginning of value`
}

function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>'
  const shown = body.subarray(0, 30)
  return (body[0] === 0x7b ? shown.toString('utf8') : shown.toString('hex')) + (body.length > 30 ? ' ...' : '')
}

const acceptedTypes = ['application/json', 'application/yaml', protobufMediaType]

function readYaml(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: false })
  const [error] = document.errors
  if (error) throw badRequest(`error converting YAML to JSON: yaml: line ${error.linePos?.[0].line}: ${error.message.split('\n')[0]}`)
  return document.toJS()
}

/** Throws 415 for other types, and for protobuf of kinds that are not read here. */
function parseBody(req: IncomingMessage, body: Buffer): unknown {
  const type = contentType(req.headers['content-type'])
  const text = body.toString('utf8')
  if (type === 'application/yaml') return readYaml(text)
  const decoded = type === protobufMediaType ? decodeProtobuf(body) : undefined
  if (decoded) return decoded
  if (type !== 'application/json') throw unsupportedMediaType(acceptedTypes)
  return JSON.parse(text)
}

/** An object of a resource's own kind. Throws 400 for anything else. */
export function decodeObject(req: IncomingMessage, body: Buffer, resource: Pick<ApiResource, 'group' | 'version' | 'kind'>): KubeObject {
  const unrecognized = (why: string) =>
    badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why} (${summary(body)})`)
  let parsed: unknown
  try {
    parsed = parseBody(req, body)
  } catch (error) {
    if (error instanceof SyntaxError)
      throw unrecognized(`couldn't get version/kind; json parse error: ${goJsonError(body.toString('utf8'), error)}`)
    throw error
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw unrecognized(
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    )
  }
  const object = parsed as Partial<KubeObject>
  if (!object.kind) throw unrecognized(`Object 'Kind' is missing in '${body.toString('utf8').trim()}'`)
  if (!object.apiVersion) throw unrecognized(`Object 'apiVersion' is missing in '${body.toString('utf8').trim()}'`)
  const expected = groupVersion(resource)
  if (object.apiVersion !== expected) {
    throw badRequest(`the API version in the data (${object.apiVersion}) does not match the expected API version (${expected})`)
  }
  if (object.kind !== resource.kind) {
    throw badRequest(
      `${object.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: converting (${expected}.${object.kind}) to (${expected}.${resource.kind}): unknown conversion`,
    )
  }
  return { ...object, metadata: { ...object.metadata } }
}

/** An optional body of options (DeleteOptions): undefined when empty. */
export function decodeOptions(req: IncomingMessage, body: Buffer): unknown {
  if (body.length === 0) return undefined
  try {
    return parseBody(req, body)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw badRequest(`couldn't get version/kind; json parse error: ${goJsonError(body.toString('utf8'), error)}`)
  }
}
