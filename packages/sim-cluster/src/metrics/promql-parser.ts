// PromQL as a typed tree: Prometheus' own grammar for editors does the parsing, this gives its nodes meaning.
import { parser } from '@prometheus-io/lezer-promql'
import type { SyntaxNode } from '@lezer/common'
import { matcher, type Matcher, type MatchOperator } from './labels.ts'
import { functions, type ValueType } from './promql-functions.ts'
import { QueryError } from './query-error.ts'

/** When a selector looks: `at` is a moment (ms) or an end of the query's range, `offsetMs` is counted back from it. */
type Moment = { offsetMs: number; at?: number | 'start' | 'end' }

export type VectorSelector = { kind: 'selector'; matchers: Matcher[] } & Moment
export type MatrixSelector = { kind: 'matrix'; selector: VectorSelector; rangeMs: number }
export type Subquery = { kind: 'subquery'; expr: Expr; rangeMs: number; stepMs: number | undefined } & Moment
export type Aggregate = { kind: 'aggregate'; op: string; grouping: Grouping; parameter?: Expr; expr: Expr }
export type Grouping = { without: boolean; labels: string[] }
export type Matching = { on: boolean; labels: string[]; many?: 'left' | 'right'; include: string[] }
export type Binary = { kind: 'binary'; op: string; bool: boolean; matching: Matching; left: Expr; right: Expr }
export type Call = { kind: 'call'; name: string; args: Expr[] }
export type Expr =
  | { kind: 'number'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'negate'; expr: Expr }
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Aggregate
  | Binary
  | Call

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<='])
const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless'])
const arithmetic: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '^', 'atan2'])
export const isComparison = (op: string): boolean => comparisons.has(op)
export const isSetOperator = (op: string): boolean => setOperators.has(op)

const aggregations: ReadonlySet<string> = new Set([
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'quantile',
])
const parametrised: ReadonlySet<string> = new Set(['topk', 'bottomk', 'quantile'])

/** Throws a QueryError (`bad_data`) with the place where the text stops being PromQL, or what of PromQL is not evaluated here. */
export function parsePromql(text: string): Expr {
  if (text.trim() === '') throw new QueryError('bad_data', 'unknown position: parse error: no expression found in input')
  const tree = parser.parse(text)
  const cursor = tree.cursor()
  do {
    if (cursor.type.isError) throw unexpected(text, cursor.from, cursor.to)
  } while (cursor.next())
  const root = tree.topNode.firstChild
  if (!root) throw new QueryError('bad_data', 'unknown position: parse error: no expression found in input')
  const expr = createReader(text).read(root)
  typeOf(expr)
  return expr
}

/** The matchers of a single series selector, as `match[]` takes it. */
export function parseSelector(text: string): Matcher[] {
  const expr = parsePromql(text)
  if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.at !== undefined)
    throw new QueryError('bad_data', 'unknown position: parse error: expected a series selector')
  return expr.matchers
}

function unexpected(text: string, from: number, to: number): QueryError {
  const rest = text.slice(from).trimStart()
  const opened = text.split('(').length - text.split(')').length
  const what =
    rest === ''
      ? opened > 0
        ? 'unclosed left parenthesis'
        : 'unexpected end of input'
      : `unexpected ${JSON.stringify(text.slice(from, Math.max(to, from + 1)).trim() || rest[0])}`
  return parseError(text, from, what)
}

function parseError(text: string, at: number, what: string): QueryError {
  const before = text.slice(0, at).split('\n')
  return new QueryError('bad_data', `${before.length}:${(before.at(-1) ?? '').length + 1}: parse error: ${what}`)
}

const durationUnitsMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/** `1h30m`, or a number of seconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  if (/^\d+(\.\d*)?([eE][+-]?\d+)?$|^\.\d+$/.test(text)) return Number(text) * 1000
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) ms += Number(amount) * (durationUnitsMs[unit ?? ''] ?? 0)
  return ms
}

function parseNumber(text: string): number {
  const bare = text.replace(/^[+-]\s*/, '')
  const sign = text.startsWith('-') ? -1 : 1
  const lower = bare.toLowerCase()
  if (lower === 'inf') return sign * Infinity
  if (lower === 'nan') return NaN
  const durationMs = /[a-wyz]$/i.test(lower) && !lower.startsWith('0x') ? parseDurationMs(lower) : undefined
  return sign * (durationMs === undefined ? Number(bare.replaceAll('_', '')) : durationMs / 1000)
}

function unquote(text: string): string {
  const body = text.slice(1, -1)
  if (text.startsWith('`')) return body
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }
  return body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, x?: string, u?: string, U?: string, octal?: string, char?: string) => {
      const hex = x ?? u ?? U
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8))
      return escapes[char ?? ''] ?? char ?? ''
    },
  )
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child)
  return children
}

function createReader(source: string) {
  const textOf = (node: SyntaxNode) => source.slice(node.from, node.to)
  const unsupported = (node: SyntaxNode, what: string) =>
    parseError(source, node.from, `${what} is not evaluated by the simulated Prometheus`)

  function read(node: SyntaxNode): Expr {
    const children = childrenOf(node)
    const [first, second] = children
    switch (node.name) {
      case 'NumberDurationLiteral':
        return { kind: 'number', value: parseNumber(textOf(node)) }
      case 'StringLiteral':
        return { kind: 'string', value: unquote(textOf(node)) }
      case 'ParenExpr':
        return read(first!) // The grammar gives every one of these nodes its children.
      case 'UnaryExpr':
        return textOf(first!) === '-' ? { kind: 'negate', expr: read(second!) } : read(second!)
      case 'VectorSelector':
        return { kind: 'selector', matchers: readMatchers(node), offsetMs: 0 }
      case 'MatrixSelector': {
        const selector = read(first!)
        if (selector.kind !== 'selector') throw parseError(source, node.from, 'ranges only allowed for vector selectors')
        return { kind: 'matrix', selector, rangeMs: positive(second!) }
      }
      case 'SubqueryExpr':
        return {
          kind: 'subquery',
          expr: read(first!),
          rangeMs: positive(second!),
          stepMs: children[2] ? positive(children[2]) : undefined,
          offsetMs: 0,
        }
      case 'OffsetExpr': {
        const duration = children.at(-1)!
        return moved(node, read(first!), (moment) => ({ ...moment, offsetMs: readDuration(duration) }))
      }
      case 'StepInvariantExpr': {
        const at = children.at(-1)!
        const text = textOf(at).replace(/\s*\(\s*\)$/, '')
        const moment = text === 'start' || text === 'end' ? text : parseNumber(text) * 1000
        return moved(node, read(first!), (earlier) => ({ ...earlier, at: moment }))
      }
      case 'FunctionCall':
        return readCall(node, textOf(first!), childrenOf(second!))
      case 'AggregateExpr':
        return readAggregate(node, children)
      case 'BinaryExpr':
        return readBinary(node, children)
      default:
        throw unsupported(node, textOf(node))
    }
  }

  function moved(node: SyntaxNode, expr: Expr, move: (moment: Moment) => Moment): Expr {
    if (expr.kind === 'selector' || expr.kind === 'subquery') return { ...expr, ...move(expr) }
    if (expr.kind === 'matrix') return { ...expr, selector: { ...expr.selector, ...move(expr.selector) } }
    throw parseError(
      source,
      node.from,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    )
  }

  function readDuration(node: SyntaxNode): number {
    const text = textOf(node).replace(/\s+/g, '')
    const ms = parseDurationMs(text.replace(/^[+-]/, ''))
    if (ms === undefined) throw unsupported(node, `the duration ${text}`)
    return text.startsWith('-') ? -ms : ms
  }
  function positive(node: SyntaxNode): number {
    const ms = readDuration(node)
    if (!(ms > 0)) throw parseError(source, node.from, 'duration must be greater than 0')
    return ms
  }

  function readMatchers(node: SyntaxNode): Matcher[] {
    const matchers: Matcher[] = []
    for (const child of childrenOf(node)) {
      if (child.name === 'Identifier') matchers.push(matcher('__name__', '=', textOf(child)))
      if (child.name !== 'LabelMatchers') continue
      for (const part of childrenOf(child)) {
        const [name, operator, value] = childrenOf(part)
        if (part.name === 'QuotedLabelName') matchers.push(matcher('__name__', '=', unquote(textOf(name!))))
        else
          matchers.push(
            matcher(
              part.name === 'QuotedLabelMatcher' ? unquote(textOf(name!)) : textOf(name!),
              textOf(operator!) as MatchOperator,
              unquote(textOf(value!)),
            ),
          )
      }
    }
    if (matchers.filter(({ name }) => name === '__name__').length > 1 && source[node.from] !== '{')
      throw parseError(source, node.from, 'metric name must not be set twice')
    if (matchers.every(({ matches }) => matches('')))
      throw parseError(source, node.from, 'vector selector must contain at least one non-empty matcher')
    return matchers
  }

  function readCall(node: SyntaxNode, name: string, args: SyntaxNode[]): Expr {
    const signature = functions[name]
    if (!signature) throw unsupported(node, `${name}()`)
    const most = signature.parameters.length
    const least = most - (signature.optional ?? 0)
    if (args.length < least || args.length > most) {
      const expected =
        least === most ? `${most} argument(s)` : args.length < least ? `at least ${least} argument(s)` : `at most ${most} argument(s)`
      throw parseError(source, node.from, `expected ${expected} in call to "${name}", got ${args.length}`)
    }
    const call: Call = { kind: 'call', name, args: args.map(read) }
    call.args.forEach((arg, i) => expectType(args[i]!, arg, signature.parameters[i]!, `call to function "${name}"`))
    return call
  }

  function expectType(node: SyntaxNode, expr: Expr, wanted: ValueType, where: string) {
    const actual = typeOf(expr)
    if (actual !== wanted) throw parseError(source, node.from, `expected type ${wanted} in ${where}, got ${actual}`)
  }

  function readAggregate(node: SyntaxNode, children: SyntaxNode[]): Expr {
    const op = textOf(children[0]!).toLowerCase()
    if (!aggregations.has(op)) throw unsupported(node, `${op}()`)
    const modifier = children.find(({ name }) => name === 'AggregateModifier')
    const args = childrenOf(children.find(({ name }) => name === 'FunctionCallBody')!)
    const grouping = modifier
      ? { without: childrenOf(modifier)[0]!.name === 'Without', labels: labelNames(childrenOf(modifier)[1]) }
      : { without: false, labels: [] }
    const wanted = parametrised.has(op) ? 2 : 1
    if (args.length !== wanted)
      throw parseError(
        source,
        node.from,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      )
    const expr = read(args.at(-1)!)
    expectType(args.at(-1)!, expr, 'instant vector', 'aggregation expression')
    if (wanted === 1) return { kind: 'aggregate', op, grouping, expr }
    const parameter = read(args[0]!)
    expectType(args[0]!, parameter, 'scalar', 'aggregation parameter')
    return { kind: 'aggregate', op, grouping, expr, parameter }
  }

  const labelNames = (node: SyntaxNode | undefined): string[] =>
    node ? childrenOf(node).map((child) => (child.name === 'QuotedLabelName' ? unquote(textOf(child)) : textOf(child))) : []

  function readBinary(node: SyntaxNode, children: SyntaxNode[]): Expr {
    const left = read(children[0]!)
    const right = read(children.at(-1)!)
    const op = textOf(children[1]!).toLowerCase()
    if (!arithmetic.has(op) && !isComparison(op) && !isSetOperator(op)) throw unsupported(children[1]!, op)
    const bool = children.some(({ name }) => name === 'BoolModifier')
    const fill = children.find(({ name }) => name === 'FillModifier')
    if (fill) throw unsupported(fill, 'fill')
    const matching: Matching = { on: false, labels: [], include: [] }
    const clause = children.find(({ name }) => name === 'MatchingModifierClause')
    if (clause) {
      const parts = childrenOf(clause)
      matching.on = parts[0]!.name === 'On'
      matching.labels = labelNames(parts[1])
      const group = parts.find(({ name }) => name === 'GroupLeft' || name === 'GroupRight')
      if (group) {
        matching.many = group.name === 'GroupLeft' ? 'left' : 'right'
        matching.include = labelNames(parts[parts.indexOf(group) + 1])
      }
    }
    const types = [typeOf(left), typeOf(right)]
    if (bool && !isComparison(op)) throw parseError(source, node.from, 'bool modifier can only be used on comparison operators')
    if (types.some((type) => type !== 'scalar' && type !== 'instant vector'))
      throw parseError(source, node.from, 'binary expression must contain only scalar and instant vector types')
    if (types.every((type) => type === 'scalar') && isComparison(op) && !bool)
      throw parseError(source, node.from, 'comparisons between scalars must use BOOL modifier')
    if (types.includes('scalar')) {
      if (isSetOperator(op)) throw parseError(source, node.from, `set operator "${op}" not allowed in binary scalar expression`)
      if (clause) throw parseError(source, node.from, 'vector matching only allowed between instant vectors')
    }
    if (isSetOperator(op) && matching.many) throw parseError(source, node.from, `no grouping allowed for "${op}" operation`)
    return { kind: 'binary', op, bool, matching, left, right }
  }

  return { read }
}

/** What an expression gives. Throws a QueryError where its parts do not fit together. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'negate': {
      const type = typeOf(expr.expr)
      if (type !== 'scalar' && type !== 'instant vector')
        throw new QueryError(
          'bad_data',
          `unknown position: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "${type}"`,
        )
      return type
    }
    case 'matrix':
      return 'range vector'
    case 'subquery':
      if (typeOf(expr.expr) !== 'instant vector')
        throw new QueryError(
          'bad_data',
          `unknown position: parse error: subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`,
        )
      return 'range vector'
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'instant vector'
    case 'call':
      return functions[expr.name]!.returns // Only known functions become calls.
    case 'selector':
    case 'aggregate':
      return 'instant vector'
  }
}
