// The recorded requests and answers of a real cluster. They lie beside the repository and are not part of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const capturesDirectory = fileURLToPath(new URL('../../../../../shared/captures/', import.meta.url))

export type Frame = { opcode: number; len: number; ascii: string; hex: string }

export type RecordedRequest = {
  user: string
  method: string
  path: string
  headers: Record<string, string>
  body?: unknown
}

/** One file of the captures. What kind of exchange it was, its response says. */
export type Capture = { folder: string; name: string } & (
  | {
      kind: 'http'
      request: RecordedRequest
      response: { status: number; headers: Record<string, string>; body: unknown }
    }
  | {
      kind: 'watch'
      request: RecordedRequest
      response: { status: number; headers: Record<string, string>; lines: unknown[]; closedByServer: boolean }
    }
  | {
      kind: 'websocket'
      request: { user: string; auth: 'header' | 'subprotocol' | 'none'; path: string; headers: Record<string, string> }
      response: { status: number; headers: Record<string, string>; body: string; frames: Frame[] }
    }
  /** Notes of whoever recorded, and files of another kind. */
  | { kind: 'notes' }
)

type RecordedFile = {
  request?: Partial<RecordedRequest> & { auth?: 'header' | 'subprotocol' | 'none'; lines?: string[] }
  response?: {
    status?: number
    headers?: Record<string, string>
    body?: unknown
    bodyFile?: string
    ended?: string
    lineArrival?: string[]
    head?: string[]
    frames?: Frame[]
  }
}

const headersOf = (lines: readonly string[]) =>
  Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as [string, string]))

function readCapture(folder: string, name: string): Capture {
  const read = (file: string) => readFileSync(join(capturesDirectory, folder, file), 'utf8')
  const { request, response } = JSON.parse(read(`${name}.json`)) as RecordedFile
  if (!request || !response) return { folder, name, kind: 'notes' }
  if (request.lines && response.head) {
    const [requestLine = '', ...requestHeaders] = request.lines
    const [statusLine = '', ...responseHeaders] = response.head
    return {
      folder,
      name,
      kind: 'websocket',
      request: {
        user: request.user ?? '',
        auth: request.auth ?? 'header',
        path: requestLine.split(' ')[1] ?? '',
        headers: headersOf(requestHeaders),
      },
      response: {
        status: Number(statusLine.split(' ')[1]),
        headers: headersOf(responseHeaders),
        body: String(response.body ?? ''),
        frames: response.frames ?? [],
      },
    }
  }
  const recorded = request as RecordedRequest
  const { status = 0, headers = {}, bodyFile } = response
  if (bodyFile?.endsWith('.ndjson')) {
    const lines = read(bodyFile).split('\n').filter(Boolean)
    return {
      folder,
      name,
      kind: 'watch',
      request: recorded,
      response: {
        status,
        headers,
        lines: lines.map((line) => JSON.parse(line) as unknown),
        closedByServer: !/client/.test(response.ended ?? ''),
      },
    }
  }
  const body = bodyFile?.endsWith('.json') ? (JSON.parse(read(bodyFile)) as unknown) : response.body
  return { folder, name, kind: 'http', request: recorded, response: { status, headers, body } }
}

export const capturesExist = (): boolean => existsSync(capturesDirectory)

/** Every capture by `folder/name`. */
export function readCaptures(): Map<string, Capture> {
  const captures = new Map<string, Capture>()
  for (const entry of readdirSync(capturesDirectory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    for (const file of readdirSync(join(capturesDirectory, entry.name)).toSorted()) {
      if (!file.endsWith('.json') || file.endsWith('.body.json')) continue
      const name = file.slice(0, -'.json'.length)
      captures.set(`${entry.name}/${name}`, readCapture(entry.name, name))
    }
  }
  return captures
}
