// What stays open when a token ends: nothing of whose session was not renewed, everything of whose was.
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { collectionPath, resources, subresourcePath } from '@virtdeck/k8s'
import { startIdentityProvider, type IdentityProvider } from '../../../../dev/identity-provider.ts'
import { startStack, type Stack } from '../../../../dev/stack.ts'
import { message, openBrowser, outcome } from '../testing/browser.ts'
import { signInAs } from '../testing/sign-in-journey.ts'

let provider: IdentityProvider
let stack: Stack

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  provider = await startIdentityProvider({ people: [{ name: 'operator', description: '' }], idTokenSeconds: 900 })
  stack = await startStack({
    scenario: 'small',
    oidc: { issuer: provider.issuer, audience: provider.clientId },
    server: {
      recheckMs: 200,
      signInAttemptsPerMinute: 100,
      oidc: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret },
    },
  })
  provider.serve(stack.url)
})
afterAll(async () => {
  vi.useRealTimers()
  await stack?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

/** What the clocks of this process say, but not its timers. */
const passTime = (ms: number) => vi.setSystemTime(Date.now() + ms)

/** Signs in, and opens a serial console. */
async function openConsole(name: string) {
  const browser = openBrowser(stack.url)
  await signInAs(browser, 'operator')
  await browser.session()
  const console = await browser.console(subresourcePath('virtualmachineinstances', { namespace: 'team-a', name }, 'console'))
  await once(console, 'open')
  return { browser, console, ended: outcome(console) }
}

/** The same, and a watch. */
async function openStreams(name: string) {
  const { browser, ...rest } = await openConsole(name)
  const live = await browser.live()
  await live.send({ type: 'watch', id: 1, path: collectionPath(resources.virtualMachines, 'team-a') })
  await live.until(message('objects'))
  return { browser, ...rest, live }
}

test('ends consoles and sockets with the token that nobody renewed, and none whose token was renewed [W-06]', async () => {
  const [left, kept, alone] = [await openStreams('web-01'), await openStreams('web-02'), await openConsole('db-01')]
  passTime(700_000)
  expect((await kept.browser.request('/auth/refresh', { method: 'POST' })).status).toBe(200)
  const silent: Buffer[] = []
  passTime(201_000)

  expect(await left.ended).toMatchObject({ closed: 4401 })
  expect(await left.live.closed).toBe(4401)
  expect(await alone.ended).toMatchObject({ closed: 4401 })
  left.console.on('message', (data: Buffer) => silent.push(data))
  // By now the rights behind the other's streams were asked for several times, with its new token.
  const echoed = once(kept.console, 'message')
  kept.console.send(Buffer.from('\n'))
  await echoed
  expect(kept.console.readyState).toBe(kept.console.OPEN)
  expect(kept.live.ws.readyState).toBe(kept.live.ws.OPEN)
  expect(silent).toEqual([])
  expect((await kept.browser.session()).user?.name).toBe('operator')
  kept.console.terminate()
  kept.live.ws.terminate()
})

test('closes streams when the session ends for idleness, however much they carry [A-18]', async () => {
  const { browser, ended, live } = await openStreams('api-01')
  for (let minute = 0; minute < 30; minute += 10) {
    passTime(10 * 60_000 - 1)
    await browser.request('/auth/refresh', { method: 'POST' })
    await browser.snapshot('virtualmachines').catch(() => undefined)
  }
  passTime(10)
  expect(await ended).toMatchObject({ closed: 4401 })
  expect(await live.closed).toBe(4401)
  expect(await browser.session()).not.toHaveProperty('user')
})
