// Signing in with a token: who decides, how often one may try, and what is written down of it.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { startBehindHostileApi, type BehindHostileApi } from '../testing/behind-hostile-api.ts'
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
    session: { doubtMs: [] },
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

/** Refuses the credential so many times, as an API server does that starts, and takes it from then on. */
function refuseTimes({ api }: BehindHostileApi, times: number) {
  let left = times
  api.seen.splice(0)
  api.answer((_req, res) => {
    left -= 1
    res.writeHead(left >= 0 ? 401 : 200, { 'content-type': 'application/json' }).end('{}')
  })
}

const vms = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines'

test('keeps a click waiting while the cluster doubts a credential, and goes on once it takes it after all [K-13]', async () => {
  const sink = memorySink()
  await using stack = await startBehindHostileApi({ session: { doubtMs: [1] }, audit: { sink } })
  const { ann, api } = stack
  refuseTimes(stack, 1)
  expect((await ann.request('/k8s/version')).status).toBe(200)
  refuseTimes(stack, 1)
  const body = { metadata: { name: 'web-01' } }
  expect((await ann.request(`/k8s${vms}`, { method: 'POST', body })).status).toBe(200)
  expect(api.seen.map((sent) => [sent.method, sent.body])).toEqual([
    ['POST', JSON.stringify(body)],
    ['POST', JSON.stringify(body)],
  ])
  // It is one operation, with what came of it.
  await expect
    .poll(() => sink.records().filter(({ event }) => event === 'vm.create'))
    .toMatchObject([{ phase: 'start' }, { phase: 'outcome', result: { status: 200 } }])
})

test('says in plain words that the cluster says now this, now that, and signs nobody out for it [K-13]', async () => {
  await using stack = await startBehindHostileApi({ session: { doubtMs: [1] } })
  const { ann } = stack
  refuseTimes(stack, 2)
  const answer = await ann.request(`/k8s${vms}/web-01`, { method: 'DELETE' })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  expect(await answer.json()).toMatchObject({ kind: 'Status', message: expect.stringContaining('You are still signed in: try again.') })
  expect((await ann.session()).user?.name).toBe('ann')
})

test('tells whose credential the cluster goes on refusing to sign in again, in plain words, wherever that shows [W-06]', async () => {
  for (const path of ['/k8s/version', '/api/inventory/virtualmachines']) {
    await using stack = await startBehindHostileApi({ session: { doubtMs: [1, 1] }, recheckMs: 1 })
    const { ann, api } = stack
    api.refuseEverybody(true)
    refuseTimes(stack, Infinity)
    const answer = await ann.request(path)
    expect([path, answer.status]).toEqual([path, 401])
    expect(await answer.json()).toMatchObject({ message: 'The cluster does not accept your sign-in any more. Sign in again.' })
    expect(await ann.session()).not.toHaveProperty('user')
  }
})
