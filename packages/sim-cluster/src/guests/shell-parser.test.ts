import { expect, test } from 'vitest'
import { parseLine, ShellSyntaxError } from './shell-parser.ts'

const parse = (line: string) =>
  parseLine(line, {
    home: '/home/me',
    variable: (name) => ({ HOME: '/home/me', '?': '1', EMPTY: '' })[name] ?? '',
    expand: (pattern) => (pattern === '*.log' ? ['a.log', 'b.log'] : [pattern]),
  })
const words = (line: string) => parse(line).map(({ commands }) => commands.map((command) => command.words))

test('cuts a line into words [quotes, escapes, variables, home, patterns, comments]', () => {
  expect(words(`echo 'a b' "c $HOME d" e\\ f $? ~/x *.log '*.log' # no`)).toEqual([
    [['echo', 'a b', 'c /home/me d', 'e f', '1', '/home/me/x', 'a.log', 'b.log', '*.log']],
  ])
})

test('reads lists and pipelines', () => {
  expect(parse('a && b | c; d || e').map(({ when, commands }) => [when, commands.length])).toEqual([
    ['always', 1],
    ['success', 2],
    ['always', 1],
    ['failure', 1],
  ])
})

test('reads redirects', () => {
  expect(parse('echo 2 > a >> b < c 2> d')[0]?.commands[0]).toEqual({
    words: ['echo', '2'],
    redirects: [
      { operator: '>', target: 'a' },
      { operator: '>>', target: 'b' },
      { operator: '<', target: 'c' },
      { operator: '2>', target: 'd' },
    ],
  })
})

test.each(['|', 'a |', 'a && ', '; a', 'a > ', "echo 'open", 'echo "open'])('refuses %s', (line) => {
  expect(() => parse(line)).toThrow(ShellSyntaxError)
})
