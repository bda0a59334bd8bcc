// Prometheus' HTTP API over the simulated samples: the part that dashboards ask.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { urlOf } from '../api/request-url.ts'
import type { Clock } from '../clock.ts'
import type { Database } from './database.ts'
import type { Labels, Matcher } from './labels.ts'
import { evaluateInstant, evaluateRange, type Series } from './promql-evaluator.ts'
import { parseDurationMs, parsePromql, parseSelector, typeOf } from './promql-parser.ts'
import { QueryError } from './query-error.ts'
import { inSlices, mapped, type Steps } from './slices.ts'

const bodyLimitBytes = 1 << 20
const mostPoints = 11_000
const defaultSeriesMs = 3_600_000

type Context = { database: Database; clock: Clock }
type Data = { data: unknown; warnings?: string[] }

/** Answers one request. Everything that is no query of the API is a plain 404, as in Prometheus. */
export function createPrometheusApi(context: Context): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  return async (req, res) => {
    try {
      await serve(context, req, res)
    } catch (error) {
      if (!(error instanceof QueryError)) throw error
      send(res, error.errorType === 'bad_data' ? 400 : 422, { status: 'error', errorType: error.errorType, error: error.message })
    }
  }
}

async function serve(context: Context, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = urlOf(req.url)
  const { method = 'GET' } = req
  if (url.pathname === '/-/healthy' || url.pathname === '/-/ready') {
    sendText(res, 200, `Prometheus Server is ${url.pathname === '/-/ready' ? 'Ready' : 'Healthy'}.\n`)
    return
  }
  const values = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(url.pathname)
  const answer = values ? labelValues(decoded(values[1] ?? '')) : endpoints[url.pathname]
  if (!answer) {
    sendText(res, 404, '404 page not found\n')
    return
  }
  if (method !== 'GET' && !(method === 'POST' && posted.has(url.pathname))) {
    res.setHeader('Allow', posted.has(url.pathname) ? 'GET, POST' : 'GET')
    sendText(res, 405, 'Method Not Allowed\n')
    return
  }
  const parameters =
    method === 'POST' ? new URLSearchParams([...url.searchParams, ...new URLSearchParams(await readForm(req))]) : url.searchParams
  const data = answer(context, parameters)
  send(res, 200, { status: 'success', ...('next' in data ? await inSlices(data) : data) })
}

/** A part of a path; as it stands where it is encoded as nothing is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const posted: ReadonlySet<string> = new Set(['/api/v1/query', '/api/v1/query_range', '/api/v1/series', '/api/v1/labels'])

/** What takes long gives way to others while it lasts. */
type Endpoint = (context: Context, parameters: URLSearchParams) => Data | Steps<Data>

const endpoints: Record<string, Endpoint> = {
  '/api/v1/query': query,
  '/api/v1/query_range': queryRange,
  '/api/v1/series': series,
  '/api/v1/labels': labels,
  '/api/v1/metadata': metadata,
  '/api/v1/status/buildinfo': buildInfo,
}

function buildInfo(): Data {
  return { data: { version: '3.5.0', revision: 'simulated', branch: '', buildUser: '', buildDate: '', goVersion: '' } }
}

function* query({ database, clock }: Context, parameters: URLSearchParams): Steps<Data> {
  const atMs = timeOf(parameters, 'time', clock.now())
  const result = yield* evaluateInstant(database, parsed(parameters), atMs)
  const at = atMs / 1000
  switch (result.type) {
    case 'scalar':
      return { data: { resultType: 'scalar', result: [at, formatValue(result.value)] } }
    case 'string':
      return { data: { resultType: 'string', result: [at, result.value] } }
    case 'vector':
      return {
        data: {
          resultType: 'vector',
          result: yield* mapped(result.samples, ({ labels, value }) => ({ metric: sorted(labels), value: [at, formatValue(value)] })),
        },
      }
    case 'matrix':
      return { data: { resultType: 'matrix', result: yield* mapped(result.series, matrixSeries) } }
  }
}

function* queryRange({ database }: Context, parameters: URLSearchParams): Steps<Data> {
  const startMs = timeOf(parameters, 'start')
  const endMs = timeOf(parameters, 'end')
  if (endMs < startMs) throw invalid('end', 'end timestamp must not be before start time')
  const text = parameters.get('step') ?? ''
  const stepMs = parseDurationMs(text.replace(/^-/, ''))
  if (stepMs === undefined) throw invalid('step', `cannot parse ${JSON.stringify(text)} to a valid duration`)
  if (text.startsWith('-') || stepMs <= 0)
    throw invalid('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer')
  if ((endMs - startMs) / stepMs > mostPoints)
    throw new QueryError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
  const expr = parsed(parameters)
  const type = typeOf(expr)
  if (type !== 'scalar' && type !== 'instant vector')
    throw invalid('query', `invalid expression type "${type}" for range query, must be Scalar or instant Vector`)
  const series = yield* evaluateRange(database, expr, { startMs, endMs, stepMs })
  return { data: { resultType: 'matrix', result: yield* mapped(series, matrixSeries) } }
}

function* series(context: Context, parameters: URLSearchParams): Steps<Data> {
  if (!parameters.has('match[]')) throw new QueryError('bad_data', 'no match[] parameter provided')
  return limited((yield* labelSets(context, parameters)).map(sorted), parameters)
}

function* labels(context: Context, parameters: URLSearchParams): Steps<Data> {
  const names = new Set((yield* labelSets(context, parameters)).flatMap((labels) => Object.keys(labels)))
  return limited([...names].sort(), parameters)
}

const labelValues = (name: string): Endpoint =>
  function* (context, parameters) {
    if (!/^[a-zA-Z_]\w*$/.test(name)) throw new QueryError('bad_data', `invalid label name: ${JSON.stringify(name)}`)
    const values = new Set((yield* labelSets(context, parameters)).flatMap((labels) => labels[name] ?? []))
    return limited([...values].sort(), parameters)
  }

function metadata({ database }: Context, parameters: URLSearchParams): Data {
  const wanted = parameters.get('metric')
  const known = database.metadata().filter(({ name }) => wanted === null || name === wanted)
  return { data: Object.fromEntries(known.map(({ name, type, help }) => [name, [{ type, help, unit: '' }]])) }
}

function* labelSets({ database, clock }: Context, parameters: URLSearchParams): Steps<Labels[]> {
  const endMs = timeOf(parameters, 'end', clock.now())
  const startMs = timeOf(parameters, 'start', endMs - defaultSeriesMs)
  if (endMs < startMs) throw invalid('end', 'end timestamp must not be before start time')
  const selectors: Matcher[][] = parameters.getAll('match[]').map((text) => guarded('match[]', () => parseSelector(text)))
  const found: Labels[] = []
  for (const matchers of selectors.length > 0 ? selectors : [[]]) found.push(...(yield* database.labelSets(matchers, startMs, endMs)))
  return selectors.length > 1 ? [...new Map(found.map((labels) => [JSON.stringify(labels), labels])).values()] : found
}

function limited(data: unknown[], parameters: URLSearchParams): Data {
  const text = parameters.get('limit') ?? '0'
  if (!/^\d+$/.test(text)) throw invalid('limit', `cannot parse ${JSON.stringify(text)} to a valid limit`)
  const limit = Number(text)
  return limit > 0 && data.length > limit ? { data: data.slice(0, limit), warnings: ['results truncated due to limit'] } : { data }
}

const invalid = (parameter: string, why: string) => new QueryError('bad_data', `invalid parameter ${JSON.stringify(parameter)}: ${why}`)

/** Runs a parser; what it refuses is said of the parameter. */
function guarded<T>(parameter: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof QueryError ? invalid(parameter, error.message) : error
  }
}

const parsed = (parameters: URLSearchParams) => guarded('query', () => parsePromql(parameters.get('query') ?? ''))

/** Milliseconds, from Unix seconds or RFC 3339. */
function timeOf(parameters: URLSearchParams, name: string, fallback?: number): number {
  const text = parameters.get(name) ?? ''
  if (text === '' && fallback !== undefined) return fallback
  const ms = /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text)
    ? Math.round(Number(text) * 1000)
    : /^\d{4}-\d\d-\d\dT/.test(text)
      ? Date.parse(text)
      : NaN
  if (Number.isNaN(ms)) throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`)
  return ms
}

/** In the order of their names, as Prometheus writes labels. */
const sorted = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))

function matrixSeries({ labels, times, values }: Series) {
  return { metric: sorted(labels), values: times.map((timeMs, i) => [timeMs / 1000, formatValue(values[i] ?? NaN)]) }
}

/** A float as Go writes it. */
function formatValue(value: number): string {
  if (value === Infinity) return '+Inf'
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}

async function readForm(req: IncomingMessage): Promise<string> {
  const type = (req.headers['content-type'] ?? '').split(';')[0]
  if (type !== 'application/x-www-form-urlencoded') return ''
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyLimitBytes) throw new QueryError('bad_data', 'http: request body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function send(res: ServerResponse, code: number, body: object): void {
  const text = JSON.stringify(body)
  res.writeHead(code, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text)
}

function sendText(res: ServerResponse, code: number, text: string): void {
  res.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }).end(text)
}
