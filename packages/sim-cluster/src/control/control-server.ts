// Control over the simulation itself, beside the cluster's own API: faults, the clock, the ledger, another beginning.
// Reached from this machine only, by a cluster administrator, and never from a web page.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UserInfo } from '../api/context.ts'
import { readBody } from '../api/request-body.ts'
import { urlOf } from '../api/request-url.ts'
import { sendError, sendJson, startResponse } from '../api/responses.ts'
import { badRequest, failure, methodNotAllowed } from '../api/status.ts'
import type { Clock } from '../clock.ts'
import { FaultError, type Faults, type FaultSpec } from './faults.ts'
import type { Ledger } from './ledger.ts'

/** Where the control is served. */
export const controlPath = '/sim/'

export type Control = {
  faults: Faults
  ledger: Ledger
  clock: Clock
  virtApi: { reachable: boolean }
  settle(): Promise<void>
  reset(): Promise<void>
  authenticate(req: IncomingMessage): Promise<UserInfo>
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

const forbidden = (why: string) => failure(403, 'Forbidden', `the simulation is controlled ${why}`)

/** A page may send requests to this address, and a name that resolves to it: neither may control anything. */
function requireLocal(req: IncomingMessage): void {
  if (!loopback.test(req.socket.remoteAddress ?? '')) throw forbidden('from its own machine only')
  if (!loopbackHost.test(req.headers.host ?? '')) throw forbidden('under the names of the loopback interface only')
  const { origin, 'sec-fetch-site': site } = req.headers
  if (origin !== undefined || (site !== undefined && site !== 'none')) throw forbidden('by no web page')
}

function requireMethod(req: IncomingMessage, ...methods: string[]): void {
  if (!methods.includes(req.method ?? '')) throw methodNotAllowed()
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readBody(req)
  if (body.length === 0) return {}
  if (!/^application\/json\b/.test(req.headers['content-type'] ?? ''))
    throw failure(415, 'UnsupportedMediaType', 'the body is application/json')
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    throw badRequest('the body is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw badRequest('the body is not an object')
  return parsed as Record<string, unknown>
}

type AdvancingClock = Clock & { advance(ms: number): void }
const advances = (clock: Clock): clock is AdvancingClock => 'advance' in clock

function wholeNumber(value: unknown, name: string): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (!Number.isInteger(number) || (number as number) < 0) throw badRequest(`${name} is a whole number`)
  return number as number
}

async function route(control: Control, req: IncomingMessage, url: URL): Promise<unknown> {
  const { faults, ledger, clock, virtApi } = control
  const [area, id] = url.pathname.slice(controlPath.length).split('/')
  switch (area) {
    case 'faults':
      requireMethod(req, 'GET', 'POST', 'DELETE')
      if (req.method === 'POST' && id === undefined) {
        try {
          return faults.add((await bodyOf(req)) as FaultSpec)
        } catch (error) {
          throw error instanceof FaultError ? badRequest(error.message) : error
        }
      }
      if (req.method === 'DELETE') {
        if (id === undefined) faults.clear()
        else if (!faults.remove(wholeNumber(id, 'the fault'))) throw failure(404, 'NotFound', `there is no fault ${id}`)
      }
      return { faults: faults.list() }
    case 'ledger': {
      requireMethod(req, 'GET')
      const after = wholeNumber(url.searchParams.get('after') ?? 0, 'after')
      return { sequence: ledger.sequence(), forgotten: ledger.forgotten(), entries: ledger.entries(after) }
    }
    case 'clock':
      requireMethod(req, 'GET', 'POST')
      if (req.method === 'POST') {
        const advanceMs = wholeNumber((await bodyOf(req))['advanceMs'], 'advanceMs')
        if (!advances(clock)) throw failure(409, 'Conflict', 'this clock goes by itself: start the cluster with --clock manual')
        clock.advance(advanceMs)
      }
      return { now: new Date(clock.now()).toISOString(), manual: advances(clock) }
    case 'settle':
      requireMethod(req, 'POST')
      await control.settle()
      return { now: new Date(clock.now()).toISOString() }
    case 'reset':
      requireMethod(req, 'POST')
      await control.reset()
      return { sequence: ledger.sequence() }
    case 'virt-api': {
      requireMethod(req, 'GET', 'POST')
      if (req.method === 'POST') {
        const { reachable } = await bodyOf(req)
        if (typeof reachable !== 'boolean') throw badRequest('reachable is true or false')
        virtApi.reachable = reachable
      }
      return { reachable: virtApi.reachable }
    }
    default:
      throw failure(404, 'NotFound', 'there are faults, ledger, clock, settle, reset and virt-api')
  }
}

/** Answers a request below `/sim/`. */
export async function serveControl(control: Control, req: IncomingMessage, res: ServerResponse): Promise<void> {
  startResponse(req, res)
  try {
    requireLocal(req)
    const user = await control.authenticate(req)
    if (!user.groups.includes('system:masters')) throw forbidden('by cluster administrators only')
    sendJson(req, res, 200, await route(control, req, urlOf(req.url)))
  } catch (error) {
    req.resume()
    sendError(req, res, error)
  }
}
