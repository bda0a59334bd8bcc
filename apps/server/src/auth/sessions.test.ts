import { randomBytes } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createRevocations } from './revocations.ts'
import { createKeyRing, replaceKeys } from './sealed-cookie.ts'
import { createSessions, type SessionOptions } from './sessions.ts'

const ann = { user: { name: 'ann', groups: ['ops'] }, credential: { kind: 'token' as const, token: 'secret-token' } }

function browser(options: Partial<SessionOptions> = {}) {
  const jar = new Map<string, string>()
  let nowMs = Date.UTC(2026, 0, 31)
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
  return { sessions, jar, request, respond, now: () => nowMs, pass: (ms: number) => (nowMs += ms) }
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

test('ends after 30 minutes without its person, to the millisecond, and says before when that will be [A-18]', () => {
  const { sessions, request, respond, pass, now } = browser()
  respond((res) => sessions.start(res, ann))
  for (let turn = 0; turn < 5; turn += 1) {
    pass(20 * 60_000)
    const session = sessions.of(request())
    if (!session) throw new Error('ended too early')
    respond((res) => sessions.touch(res, session))
    expect(sessions.idleEndsAt(session)).toBe(now() + 30 * 60_000)
  }
  pass(30 * 60_000 - 1)
  const open = sessions.of(request())
  expect(open && sessions.alive(open)).toBe(true)
  pass(1)
  expect(sessions.of(request())).toBeUndefined()
  expect(open && sessions.alive(open)).toBe(false)
})

test('counts neither reading a session nor renewing its token as its person’s presence [A-18]', () => {
  const { sessions, request, respond, pass, now } = browser()
  const token = (expiresAt: number) => ({ kind: 'oidc' as const, shown: { token: 't' }, subject: '1', refreshToken: 'r', expiresAt })
  respond((res) => sessions.start(res, { ...ann, credential: token(now() + 300_000) }))
  for (let minute = 5; minute < 30; minute += 5) {
    pass(5 * 60_000)
    const session = sessions.of(request())
    if (!session) throw new Error('ended too early')
    respond((res) => sessions.renew(res, session, token(now() + 300_000)))
  }
  pass(5 * 60_000)
  expect(sessions.of(request())).toBeUndefined()
})

test('keeps the renewed token when an answer that was under way sets the cookies after it', () => {
  const { sessions, request, respond, pass, now } = browser()
  const credential = (token: string, refreshToken: string) => ({
    kind: 'oidc' as const,
    shown: { token },
    expiresAt: now() + 300_000,
    subject: 'ann',
    refreshToken,
  })
  respond((res) => sessions.start(res, { ...ann, credential: credential('first', 'r1') }))
  pass(120_000)
  const underWay = sessions.of(request())
  if (!underWay) throw new Error('not signed in')
  respond((res) => sessions.renew(res, underWay, credential('second', 'r2')))
  respond((res) => sessions.touch(res, underWay))
  expect(sessions.of(request())?.credential).toMatchObject({ shown: { token: 'second' }, refreshToken: 'r2' })
})

test('is as exact on another replica, which knows of the last presence what the cookie says [A-18]', () => {
  const ring = createKeyRing()
  const [here, there] = [browser({ ring }), browser({ ring })]
  here.respond((res) => here.sessions.start(res, ann))
  for (let turn = 0; turn < 3; turn += 1) {
    here.pass(20 * 60_000)
    there.pass(20 * 60_000)
    const session = here.sessions.of(here.request())
    if (!session) throw new Error('ended too early')
    here.respond((res) => here.sessions.touch(res, session))
  }
  const cookie = [...here.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  there.pass(30 * 60_000 - 1)
  expect(there.sessions.of(there.request(cookie))).toBeDefined()
  there.pass(1)
  expect(there.sessions.of(there.request(cookie))).toBeUndefined()
})

test('signs nobody out while keys rotate, and everybody whose key was taken out [A-24]', () => {
  const key = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`
  const [first, second] = [key('k1'), key('k2')]
  const ring = createKeyRing([first])
  const { sessions, request, respond, pass, jar } = browser({ ring, idleMs: 48 * 3_600_000, absoluteMs: 48 * 3_600_000 })
  const people = Array.from({ length: 500 }, (_, index) => {
    respond((res) => sessions.start(res, { ...ann, user: { name: `person-${index}`, groups: [] } }))
    return { name: `person-${index}`, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }
  })
  const signedIn = () => people.filter(({ name, cookie }) => sessions.of(request(cookie))?.user.name === name).length
  expect(signedIn()).toBe(500)

  replaceKeys(ring, `${second}\n${first}\n`)
  expect(signedIn()).toBe(500)
  // All but the last ten come by within the day, which seals their cookies anew.
  pass(12 * 3_600_000)
  for (const person of people.slice(0, -10)) {
    const session = sessions.of(request(person.cookie))
    if (!session) throw new Error(`${person.name} was signed out`)
    respond((res) => sessions.touch(res, session))
    person.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }
  expect(signedIn()).toBe(500)
  replaceKeys(ring, second)
  expect(signedIn()).toBe(490)
})

test('ends the sessions of a user, or everybody’s, that began before a time, and none that begins after [A-25]', () => {
  const revocations = createRevocations()
  const lost: string[] = []
  const { sessions, request, respond, pass, now, jar } = browser({
    revocations,
    onLost: ({ user }, why) => lost.push(`${user.name} ${why}`),
  })
  const start = (name: string) => {
    respond((res) => sessions.start(res, { ...ann, user: { name, groups: [] } }))
    return [...jar].map(([each, value]) => `${each}=${value}`).join('; ')
  }
  const [one, other] = [start('ann'), start('ben')]
  const open = sessions.of(request(one))
  pass(1_000)
  const instant = new Date(now()).toISOString()
  revocations.replace(JSON.stringify({ users: { ann: instant } }))
  expect([sessions.of(request(one)), sessions.of(request(other))?.user.name]).toEqual([undefined, 'ben'])
  expect(open && sessions.alive(open)).toBe(false)
  expect(sessions.of(request(start('ann')))?.user.name).toBe('ann')

  pass(1_000)
  revocations.replace(JSON.stringify({ notBefore: new Date(now()).toISOString() }))
  expect(sessions.of(request(other))).toBeUndefined()
  expect(sessions.of(request(start('ben')))?.user.name).toBe('ben')
  expect(lost).toEqual(['ann revoked', 'ben revoked'])
  for (const text of ['[]', '{"notbefore": "2026-01-31T12:00:00Z"}', '{"users": ["ann"]}', '{"notBefore": "now"}', 'x'])
    expect(() => revocations.replace(text)).toThrow(Error)
  expect(sessions.of(request(other))).toBeUndefined()
})

test('ends after its absolute time whatever one does, and with the token at the latest [A-18]', () => {
  const long = browser({ absoluteMs: 60 * 60_000, idleMs: 24 * 3_600_000 })
  long.respond((res) => long.sessions.start(res, ann))
  long.pass(61 * 60_000)
  expect(long.sessions.of(long.request())).toBeUndefined()
  const short = browser()
  short.respond((res) => short.sessions.start(res, ann, short.now() + 5_000))
  short.pass(5_001)
  expect(short.sessions.of(short.request())).toBeUndefined()
})

test('ends a session when the cluster goes on refusing its credential, and none for what it says as it starts [W-06] [K-13]', async () => {
  const answers: ((isOver: boolean) => void)[] = []
  const lost: string[] = []
  const { sessions, request, respond } = browser({
    staysRefused: () => new Promise((resolve) => answers.push(resolve)),
    onLost: ({ user }, why) => lost.push(`${user.name} ${why}`),
  })
  const session = respond((res) => sessions.start(res, ann)) && sessions.of(request())
  if (!session) throw new Error('not signed in')
  const hears = async (isOver: boolean) => {
    // Many tabs hear the refusal at once: one question is enough, and its answer is for all of them.
    const verdicts = Array.from({ length: 5 }, () => sessions.rejected(session))
    expect(answers).toHaveLength(1)
    expect(sessions.alive(session)).toBe(true)
    answers.pop()?.(isOver)
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set([isOver ? 'over' : 'taken']))
    return sessions.alive(session)
  }
  expect([await hears(false), await hears(false), await hears(true)]).toEqual([true, true, false])
  expect(lost).toEqual(['ann rejected'])
  // Of what is over, the cluster is not asked any more.
  expect([await sessions.rejected(session), answers]).toEqual(['over', []])
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
