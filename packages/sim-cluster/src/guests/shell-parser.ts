// The shell's grammar: lists of pipelines of simple commands with redirections, quoting and variables.

export type Redirect = { operator: '>' | '>>' | '<' | '2>'; target: string }
export type Command = { words: string[]; redirects: Redirect[] }
export type Pipeline = { commands: Command[]; /** How it hangs on the one before. */ when: 'always' | 'success' | 'failure' }

export class ShellSyntaxError extends Error {
  override name = 'ShellSyntaxError'
}

type Token =
  | { kind: 'word'; text: string; /** Where an unquoted `*` or `?` stands. */ pattern: boolean }
  | { kind: 'operator'; text: string }

const operators = ['&&', '||', '2>', '>>', '>', '<', '|', ';', '&']

/** Cuts a line into words and operators. `variable` answers `$NAME`, `$?` and `${NAME}`. */
function tokenize(line: string, variable: (name: string) => string, home: string): Token[] {
  const tokens: Token[] = []
  let word: string | undefined
  let pattern = false
  const end = () => {
    if (word !== undefined) tokens.push({ kind: 'word', text: word, pattern })
    word = undefined
    pattern = false
  }
  for (let at = 0; at < line.length;) {
    const rest = line.slice(at)
    const character = rest[0] ?? ''
    const dollar = /^\$(?:\{(\w+)\}|(\w+|[?$#!]))/.exec(rest)
    if (dollar) {
      word = (word ?? '') + variable(dollar[1] ?? dollar[2] ?? '')
      at += dollar[0].length
    } else if (character === "'") {
      const close = line.indexOf("'", at + 1)
      if (close < 0) throw new ShellSyntaxError("unexpected EOF while looking for matching `''")
      word = (word ?? '') + line.slice(at + 1, close)
      at = close + 1
    } else if (character === '"') {
      const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest)
      if (!quoted) throw new ShellSyntaxError('unexpected EOF while looking for matching `"\'')
      word =
        (word ?? '') +
        (quoted[1] ?? '').replace(
          /\\(["\\$`])|\$(?:\{(\w+)\}|(\w+|\?))/g,
          (_, escaped?: string, braced?: string, plain?: string) => escaped ?? variable(braced ?? plain ?? ''),
        )
      at += quoted[0].length
    } else if (character === '\\') {
      word = (word ?? '') + (rest[1] ?? '')
      at += 2
    } else if (character === ' ' || character === '\t') {
      end()
      at += 1
    } else if (character === '#' && word === undefined) {
      break
    } else {
      const operator = operators.find((candidate) => rest.startsWith(candidate) && (candidate !== '2>' || word === undefined))
      if (operator) {
        end()
        tokens.push({ kind: 'operator', text: operator })
        at += operator.length
        continue
      }
      if (character === '~' && word === undefined && /^~(?:\/|\s|$)/.test(rest)) word = home
      else word = (word ?? '') + character
      if (character === '*' || character === '?') pattern = true
      at += 1
    }
  }
  end()
  return tokens
}

/** Throws ShellSyntaxError. `expand` turns a pattern into paths, or gives the pattern back when nothing matches. */
export function parseLine(
  line: string,
  context: { variable(name: string): string; home: string; expand(pattern: string): string[] },
): Pipeline[] {
  const pipelines: Pipeline[] = []
  let command: Command = { words: [], redirects: [] }
  let commands: Command[] = []
  let when: Pipeline['when'] = 'always'

  const empty = () => command.words.length === 0 && command.redirects.length === 0
  const unexpected = (token: string) => new ShellSyntaxError(`syntax error near unexpected token \`${token}'`)
  const endCommand = (token: string) => {
    if (empty()) throw unexpected(token)
    commands.push(command)
    command = { words: [], redirects: [] }
  }
  const endPipeline = (token: string, next: Pipeline['when']) => {
    endCommand(token)
    pipelines.push({ commands, when })
    commands = []
    when = next
  }

  const tokens = tokenize(line, context.variable, context.home)
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]
    if (!token) break
    if (token.kind === 'word') command.words.push(...(token.pattern ? context.expand(token.text) : [token.text]))
    else if (token.text === '|') endCommand('|')
    else if (token.text === '&&') endPipeline('&&', 'success')
    else if (token.text === '||') endPipeline('||', 'failure')
    else if (token.text === ';' || token.text === '&') endPipeline(token.text, 'always')
    else {
      const target = tokens[index + 1]
      if (target?.kind !== 'word') throw unexpected(target?.text ?? 'newline')
      command.redirects.push({ operator: token.text as Redirect['operator'], target: target.text })
      index += 1
    }
  }
  if (!empty()) {
    endCommand('newline')
    pipelines.push({ commands, when })
  } else if (commands.length > 0 || when !== 'always') throw unexpected('newline')
  return pipelines
}
