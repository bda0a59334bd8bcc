import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

test('writes one line of JSON for each event, whatever is in it, and no credential [L-02] [L-03]', () => {
  const lines: string[] = []
  const log = createLogger('debug', { write: (line) => void lines.push(line) })
  log.info(
    { authorization: 'Bearer canary', req: { headers: { cookie: 'canary', authorization: 'canary' } }, credential: { token: 'canary' } },
    'one',
  )
  log.warn({ path: '/a\r\n{"level":"error"}\u001b[31m' }, 'two\nlines')
  expect(lines).toHaveLength(2)
  for (const line of lines) {
    for (const forbidden of ['\r', '\n', '\u001b', 'canary']) expect(line.trimEnd()).not.toContain(forbidden)
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) })
  }
})
