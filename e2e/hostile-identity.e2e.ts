// People whose names and groups an attacker chose at the identity provider: what they see, and what others see of them.
import type { Browser } from '@playwright/test'
import { startIdentityProvider } from '../dev/identity-provider.ts'
import { startStack } from '../dev/stack.ts'
import { openBrowser } from '../apps/server/src/testing/browser.ts'
import { signInAs } from '../apps/server/src/testing/sign-in-journey.ts'
import { expect, test as base } from './fixtures.ts'
import { expectHarmless, listenForAlarms, marks } from './harmless.ts'
import { hostile } from './hostile-strings.ts'

/** No group is taken that is not one line of text; of a name, the API server decides. */
const mayBeGroup = (name: string) => !/\p{Cc}|^\s/u.test(name)

type House = { url: string }

const test = base.extend<object, { house: House }>({
  house: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs from its parameters
    async ({}, provide) => {
      const people = [
        { name: 'operator', description: '' },
        ...hostile.map((name) => ({ name, description: '', groups: mayBeGroup(name) ? [name, `group of ${name}`] : [] })),
      ]
      await using provider = await startIdentityProvider({ people })
      const { issuer, clientId, clientSecret } = provider
      await using stack = await startStack({
        oidc: { issuer, audience: clientId },
        server: { oidc: { issuer, clientId, clientSecret }, signInAttemptsPerMinute: 10_000 },
      })
      provider.serve(stack.url)
      await provide({ url: stack.url })
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ house }, provide) => provide(house.url),
})

test('shows names and groups of an identity provider as text, to those who bear them and to whoever reads what they did [X-01] [X-02]', async ({
  browser,
  house,
}) => {
  const refused: string[] = []
  for (const name of hostile) {
    const { headers } = await signInAs(openBrowser(house.url), encodeURIComponent(name))
    if (headers.get('location') !== '/') refused.push(name)
  }
  expect(refused).toEqual([])
  for (const index of [0, 30, 90, 140, hostile.length - 12, hostile.length - 5, hostile.length - 1]) {
    await using browsing = await signInAnew(browser, house, hostile[index] ?? '')
    const { page, alarms } = browsing
    await page.getByRole('button', { name: /^Signed in as/ }).click()
    await expect.poll(async () => marks(await page.getByRole('menu').allTextContents()).size).toBe(1)
    await expectHarmless(page, alarms)
    await page.goto('/my-access')
    await expect.poll(async () => marks(await page.getByRole('main').allTextContents()).size).toBe(1)
    await expectHarmless(page, alarms)
  }

  await using browsing = await signInAnew(browser, house, 'operator')
  const { page, alarms } = browsing
  await page.goto('/activity')
  const seen = new Set<string>()
  await expect(async () => {
    for (const mark of marks(await page.locator('tbody tr').allTextContents())) seen.add(mark)
    await expectHarmless(page, alarms)
    await page.locator('.fleetwrap').evaluate((list) => list.scrollBy(0, list.clientHeight - 80))
    // The longest are cut before their mark.
    expect(seen.size).toBeGreaterThanOrEqual(150)
  }).toPass({ intervals: [50], timeout: 60_000 })
})

/** A browser of their own for somebody, who has just signed in. */
async function signInAnew(browser: Browser, { url }: House, name: string) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 } })
  const alarms = await listenForAlarms(context)
  const page = await context.newPage()
  await page.goto('/')
  await page.getByText('Continue with single sign-on').click()
  await page
    .locator(`form[action="?as=${encodeURIComponent(name)}"]`)
    .getByRole('button')
    .click()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  return { page, alarms, [Symbol.asyncDispose]: () => context.close() }
}
