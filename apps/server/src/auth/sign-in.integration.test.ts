// Signing in with a token: who decides, how often one may try, and what is written down of it.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { startBehindHostileApi } from '../testing/behind-hostile-api.ts'
import { openBrowser } from '../testing/browser.ts'
import { tokenOf } from '../testing/hostile-api-server.ts'
import { memorySink } from '../testing/memory-sink.ts'

test('writes nothing of a token anywhere, whether it was taken or not [A-19]', async () => {
  const written: string[] = []
  const sink = memorySink()
  await using stack = await startBehindHostileApi({
    logLevel: 'trace',
    logTo: { write: (line) => void written.push(line) },
    audit: { sink },
    signInAttemptsPerMinute: 100,
  })
  const { server, api } = stack
  const canary = 'canary-9f3b2c7d6e5a4b1c-canary'
  for (const body of [
    { mode: 'token', token: tokenOf(canary) },
    { mode: 'token', token: `${canary} ` },
    { mode: 'token', token: `${canary}\u2028x` },
    { mode: 'demo', user: canary, token: canary },
    { mode: canary },
    { token: canary },
  ]) {
    await openBrowser(server.url).request('/auth/sign-in', { method: 'POST', body })
  }
  await openBrowser(server.url).request('/auth/sign-in', { method: 'POST', rawBody: `{"mode":"token","token":"${canary}` })
  await openBrowser(server.url).request(`/k8s/version?token=${canary}`, {
    headers: { authorization: `Bearer ${canary}`, cookie: `x=${canary}` },
  })
  api.answer((_req, res) => void res.writeHead(401, { 'content-type': 'application/json' }).end('{}'))
  const browser = openBrowser(server.url)
  await browser.signIn({ mode: 'token', token: tokenOf('ann') })
  expect((await browser.request('/k8s/version')).status).toBe(401)
  expect(written.length).toBeGreaterThan(10)
  const log = written.join('')
  // The name that the cluster gave is the canary's own: that, and no token, is there to be read.
  expect(log.replaceAll(`"user":"${canary}"`, '')).not.toContain(canary)
  expect(log).not.toContain(tokenOf('ann'))
  for (const { actor, ...record } of sink.records()) {
    expect(JSON.stringify(record)).not.toContain(canary)
    expect(JSON.stringify(actor)).not.toContain('hostile-token')
  }
  expect(log).not.toContain(createHash('sha256').update(canary).digest('hex'))
})

test('answers a hundred guesses in a minute with ten refusals and ninety pauses [A-19]', async () => {
  await using stack = await startBehindHostileApi({ signInAttemptsPerMinute: 11 })
  const guesses = []
  for (let count = 0; count < 100; count += 1) {
    guesses.push(
      (await openBrowser(stack.server.url).request('/auth/sign-in', { method: 'POST', body: { mode: 'token', token: 'a b' } })).status,
    )
  }
  // One of the eleven was ann's own; a fast hundred earns no more than one back.
  expect(guesses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 400))
  expect(guesses.filter((code) => code === 429).length).toBeGreaterThanOrEqual(85)
  await using generous = await startBehindHostileApi({ signInAttemptsPerMinute: 1_000 })
  const more = await Promise.all(
    Array.from({ length: 100 }, () =>
      openBrowser(generous.server.url).request('/auth/sign-in', { method: 'POST', body: { mode: 'token', token: tokenOf('ann') } }),
    ),
  )
  expect(more.filter(({ status }) => status === 200)).toHaveLength(100)
})

test('signs nobody out for what a cluster says while it starts, and goes on once it knows the token again [K-13]', async () => {
  await using stack = await startBehindHostileApi({ session: { doubtMs: [20] } })
  const { server, api } = stack
  const browser = openBrowser(server.url)
  await browser.signIn({ mode: 'token', token: tokenOf('ann') })
  api.asked.splice(0)
  api.answer((_req, res) => void res.writeHead(401, { 'content-type': 'application/json' }).end('{}'))
  expect((await browser.request('/k8s/version')).status).toBe(401)
  await expect.poll(() => api.asked.map(({ path }) => path)).toContain('/apis/authentication.k8s.io/v1/selfsubjectreviews')
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  expect((await browser.request('/k8s/version')).status).toBe(200)
  expect((await browser.session()).user?.name).toBe('ann')
})
