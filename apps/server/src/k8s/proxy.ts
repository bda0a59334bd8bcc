// The proxy: a request that passed the gate goes to the API server as the signed-in user, and its answer streams back.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { StatusError, toStatus } from '@virtdeck/k8s'
import { actorOf, clientOf, type Outcome } from '../audit/audit.ts'
import { operationOf } from '../audit/operation.ts'
import { cut } from '../audit/record.ts'
import { asKnown } from '../auth/doubt.ts'
import { isRead } from '../auth/provenance.ts'
import { createRateLimit } from '../auth/rate-limit.ts'
import type { Session } from '../auth/sessions.ts'
import type { Context } from '../context.ts'
import { sendStatus } from '../errors.ts'
import { gateRefusal, refusal } from '../refusal.ts'
import { coalesce } from './coalesce.ts'
import { passGate, type Passed } from './gate.ts'
import { readWhole, type Answer, type Sent } from './pass-through.ts'
import { statusOfText } from './unserved.ts'
import { readAll, redirected } from './upstream.ts'

const maxRequestBytes = 1024 * 1024
const maxRequestDepth = 100
const maxErrorBytes = 64 * 1024
const maxScreenshotBytes = 8 * 1024 * 1024

const requestTypes = ['application/json', 'application/merge-patch+json', 'application/json-patch+json', 'application/apply-patch+yaml']
const patchTypes = requestTypes.slice(1)
const passedHeaders = ['audit-id', 'retry-after', 'warning', 'content-encoding'] as const

const nothing = Buffer.alloc(0)

/** Hot path: nothing here parses the body of an answer, nor of a read. */
export function createProxy({ sessions, kubeconfig, passThrough, audit }: Context) {
  const writes = createRateLimit({ burst: 500, everyMs: 20 })
  const assertRate = ({ user }: Session) => {
    const taken = writes.take(user.name)
    if (!taken.allowed)
      throw gateRefusal('rate', 429, 'Too many changes at once. Wait a moment.', { retryAfterSeconds: taken.retryAfterSeconds })
  }
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = req
    const session = sessions.of(req)
    if (!session) throw refusal(401, 'You are not signed in.')
    const passed = passGate(method, url.slice('/k8s'.length))
    if (!isRead(method)) assertRate(session)
    const announced = announcesBody(req) ? assertContentType(req) : undefined
    const body = announcesBody(req) ? await readBody(req) : nothing
    const contentType = body.length > 0 ? announced : undefined
    const write = operationOf(method, passed, body, contentType)
    if (write) audit.assertRoom()
    // Reads are often a tab's own doing; what changes something is a person's.
    if (write) sessions.touch(res, session)

    const id = String(res.getHeader('x-request-id'))
    const end = write && audit.begin({ id, ...write, actor: actorOf(session), client: clientOf(req) })
    let sent: Sent | undefined
    const send = async ({ credential }: Session): Promise<Answer> => {
      sent = passThrough.send(await kubeconfig.dial(credential), {
        method,
        path: passed.path,
        headers: requestHeaders(req, id, passed, contentType),
        body: body.length > 0 ? body : undefined,
      })
      // Nobody waits for a read any more; a write that has begun runs to its end, so that what came of it is known.
      if (!write) whenClosed(res, sent.giveUp)
      const answer = await sent.answer
      if (answer.statusCode !== 401) return answer
      sent.giveUp()
      throw refusal(401, 'The cluster does not accept the credential.')
    }
    try {
      const answer = await asKnown(sessions, session, send)
      end?.(answered(answer))
      if (write && sent) whenClosed(res, sent.giveUp)
      await sendAnswer(answer, res, passed)
    } catch (error) {
      end?.({ status: toStatus(error).code })
      sent?.giveUp()
      if (write || !res.destroyed) throw error
    }
  }
}

function whenClosed(res: ServerResponse, then: () => void): void {
  if (res.destroyed) then()
  else res.once('close', then)
}

function answered({ statusCode, headers }: Answer): Outcome {
  const auditId = headers['audit-id']
  const status = statusCode >= 300 && statusCode < 400 ? 502 : statusCode
  return { status, ...(typeof auditId === 'string' ? { auditId: cut(auditId, 64) } : {}) }
}

const accepts = { json: 'application/json', action: '*/*', image: 'image/png, application/json', console: '*/*' }

/** Headers are written, never forwarded. */
function requestHeaders(req: IncomingMessage, id: string, { kind }: Passed, contentType: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { accept: accepts[kind], 'audit-id': id }
  if (kind === 'json' && /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''))) headers['accept-encoding'] = 'gzip'
  if (contentType) headers['content-type'] = contentType
  return headers
}

/** What is thrown is told to the browser; the rest of the API server's answer is then nobody's. */
async function sendAnswer(answer: Answer, res: ServerResponse, { kind, path }: Passed): Promise<void> {
  const { statusCode: code } = answer
  if (code < 200 || code > 599) throw refusal(502, 'The Kubernetes API server answered something that is not HTTP.')
  if (code >= 300 && code < 400) throw redirected()
  for (const name of passedHeaders) {
    const value = answer.headers[name]
    if (value !== undefined) res.setHeader(name, value)
  }
  const type = mediaType(answer.headers['content-type'])
  if (type === 'application/json') {
    res.statusCode = code
    res.setHeader('content-type', 'application/json; charset=utf-8')
    stream(answer, res)
    return
  }
  res.removeHeader('content-encoding')
  if (kind === 'image' && type === 'image/png' && code === 200) {
    const image = await readWhole(answer, maxScreenshotBytes)
    res.statusCode = 200
    res.setHeader('content-type', 'image/png')
    res.end(image)
    return
  }
  const text = answer.headers['content-encoding'] ? '' : (await readWhole(answer, maxErrorBytes)).toString('utf8')
  if (code >= 400) sendStatus(res, statusOfText(path, code, text))
  else if (text === '') res.writeHead(code).end()
  else throw refusal(502, 'The Kubernetes API server answered something that is not JSON.')
}

function stream(answer: Answer, res: ServerResponse): void {
  const whole = answer.whole()
  const length = whole ? String(whole.length) : answer.headers['content-length']
  if (typeof length === 'string' && /^\d+$/.test(length)) res.setHeader('content-length', length)
  if (whole) return void res.end(whole)
  const { push, flush } = coalesce(res, () => answer.pause())
  res.on('drain', () => answer.resume())
  answer.read({
    chunk: (bytes) => push([bytes]),
    end() {
      flush()
      res.end()
    },
    // Cut short means cut short for the browser, too: an end would look like the whole answer.
    cut: () => res.destroy(),
  })
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > maxRequestBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  // A refusal still has to go out: the request is left as it is.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxRequestBytes) throw tooLarge()
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (depth(body) > maxRequestDepth) throw gateRefusal('body', 400, 'The body is nested too deeply.')
  return body
}

const mediaType = (header: string | string[] | undefined) =>
  String(header ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase()

const announcesBody = ({ headers }: IncomingMessage) => Number(headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in headers

const tooLarge = () => gateRefusal('body', 413, 'The body is larger than 1 MiB.')

function assertContentType(req: IncomingMessage): string {
  const type = mediaType(req.headers['content-type']) ?? ''
  const allowed = req.method === 'PATCH' ? patchTypes : ['application/json']
  if (req.headers['content-encoding'] || !allowed.includes(type)) {
    throw gateRefusal('body', 415, `The body must be ${allowed.join(', ')}.`)
  }
  return type
}

/** How deep JSON's brackets nest; the bytes are only looked at, so that no parser's stack is at risk. */
export function depth(json: Buffer): number {
  let open = 0
  let deepest = 0
  let inString = false
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index]
    if (inString) {
      if (byte === 0x5c) index += 1
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, (open += 1))
    else if (byte === 0x7d || byte === 0x5d) open -= 1
  }
  return deepest
}

/** The Status that an answer's error body holds, for callers that do not stream. */
export async function refusedStatus(path: string, answer: IncomingMessage): Promise<StatusError> {
  const code = answer.statusCode ?? 502
  if (code < 400) {
    answer.destroy()
    return code < 300 ? refusal(502, 'The Kubernetes API server did not switch protocols.') : redirected()
  }
  return new StatusError(statusOfText(path, code, (await readAll(answer, maxErrorBytes)).toString('utf8')))
}
