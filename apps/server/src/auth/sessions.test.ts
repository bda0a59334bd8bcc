import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createKeyRing } from './sealed-cookie.ts'
import { createSessions, type SessionOptions } from './sessions.ts'

const ann = { user: { name: 'ann', groups: ['ops'] }, credential: { kind: 'token' as const, token: 'secret-token' } }

function browser(options: Partial<SessionOptions> = {}) {
  const jar = new Map<string, string>()
  let nowMs = 1_000_000
  const sessions = createSessions({ ring: createKeyRing(), secure: false, port: 8080, now: () => nowMs, ...options })
  const request = (cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')) => {
    const req = new IncomingMessage(new Socket())
    if (cookie) req.headers.cookie = cookie
    return req
  }
  const respond = (answer: (res: ServerResponse) => void): string[] => {
    const res = new ServerResponse(request())
    answer(res)
    const lines = [res.getHeader('set-cookie') ?? []].flat().map(String)
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (line.includes('Max-Age=0')) jar.delete(name)
      else jar.set(name, value)
    }
    return lines
  }
  return { sessions, jar, request, respond, pass: (ms: number) => (nowMs += ms) }
}

test('knows who signed in from the cookie alone, and shows the token to nobody [A-11]', () => {
  const { sessions, jar, request, respond } = browser()
  const lines = respond((res) => sessions.start(res, ann))
  expect(sessions.of(request())).toMatchObject(ann)
  expect([...jar.values()].join()).not.toContain('secret')
  expect(lines[0]).toMatch(/^virtdeck_8080_s0=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/)
})

test('sets Secure cookies with the __Host- prefix on https [A-11]', () => {
  const { sessions, respond } = browser({ secure: true })
  expect(respond((res) => sessions.start(res, ann))[0]).toMatch(/^__Host-virtdeck_s0=.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
})

test('ends after 30 idle minutes, and not while requests come [A-18]', () => {
  const { sessions, request, respond, pass } = browser()
  respond((res) => sessions.start(res, ann))
  for (let turn = 0; turn < 5; turn += 1) {
    pass(20 * 60_000)
    const session = sessions.of(request())
    if (!session) throw new Error('ended too early')
    respond((res) => sessions.touch(res, session))
  }
  pass(32 * 60_000)
  expect(sessions.of(request())).toBeUndefined()
})

test('ends after its absolute time whatever one does, and with the token at the latest [A-18]', () => {
  const long = browser({ absoluteMs: 60 * 60_000, idleMs: 24 * 3_600_000 })
  long.respond((res) => long.sessions.start(res, ann))
  long.pass(61 * 60_000)
  expect(long.sessions.of(long.request())).toBeUndefined()
  const short = browser()
  short.respond((res) => short.sessions.start(res, ann, 1_000_000 + 5_000))
  short.pass(5_001)
  expect(short.sessions.of(short.request())).toBeUndefined()
})

test('does not open a copied cookie after sign-out [A-17]', () => {
  const { sessions, jar, request, respond } = browser()
  respond((res) => sessions.start(res, ann))
  const copied = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const ended: string[] = []
  sessions.onEnd((sid) => ended.push(sid))
  const session = sessions.of(request())
  sessions.revoke(session?.sid ?? '')
  respond((res) => sessions.end(res))
  expect(jar.size).toBe(0)
  expect(sessions.of(request(copied))).toBeUndefined()
  expect(ended).toEqual([session?.sid])
})

test('reads no cookie that comes twice or with a stray chunk [A-12]', () => {
  const { sessions, jar, request, respond } = browser()
  respond((res) => sessions.start(res, ann))
  const [name, value] = [...jar][0] ?? []
  expect(sessions.of(request(`${name}=${value}; ${name}=${value}`))).toBeUndefined()
  expect(sessions.of(request(`${name}=${value}; virtdeck_8080_s1=x`))).toBeUndefined()
  expect(sessions.of(request(`other=1; ${name}=${value}`))).toBeDefined()
})

test('tells its own CSRF token from any other [A-15]', () => {
  const { sessions, respond, request } = browser()
  respond((res) => sessions.start(res, ann))
  const session = sessions.of(request())
  if (!session) throw new Error('not signed in')
  expect(sessions.csrfMatches(session, sessions.csrf(session))).toBe(true)
  expect(sessions.csrfMatches(session, undefined)).toBe(false)
  expect(sessions.csrfMatches({ ...session, sid: 'another' }, sessions.csrf(session))).toBe(false)
})
