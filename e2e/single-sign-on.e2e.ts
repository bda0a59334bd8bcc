// Single sign-on in Chromium, through a real identity provider: the way there and back, what is left after it, and who else gets in.
import type { BrowserContext, Page } from '@playwright/test'
import { expect, noisyConsole, test, vmRow } from './fixtures.ts'

test.use({
  stackArgs: ['--scenario', 'small', '--auth', 'oidc'],
  otherOrigins: async ({ stack }, provide) => provide([stack.provider ?? '']),
})

/** Signs in from the page itself; where the provider knows somebody already, it asks for nothing. */
async function signIn(page: Page, person: string): Promise<void> {
  await page
    .getByRole('button', { name: 'Continue with single sign-on' })
    .or(page.getByRole('link', { name: 'Continue with single sign-on' }))
    .click()
  await page.getByRole('button', { name: person, exact: true }).click()
}

const virtualMachines = (page: Page) => page.getByRole('heading', { level: 1, name: 'Virtual machines' })
const signInPage = (page: Page) => page.getByRole('heading', { level: 1, name: 'Sign in' })

/** Nothing of what a person saw is on the page, in its addresses or in what the browser keeps. */
async function expectNothingLeft(context: BrowserContext, page: Page) {
  await expect(page.getByText('web-01')).toHaveCount(0)
  expect((await context.cookies()).filter(({ name, value }) => name.startsWith('virtdeck_') && value !== '')).toEqual([])
}

test('leads through the identity provider to where one wanted to be, and renews its token', async ({ page }) => {
  await page.clock.install()
  await page.goto('/virtual-machines/team-a/web-01')
  await signIn(page, 'operator')
  await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  expect(new URL(page.url()).pathname).toBe('/virtual-machines/team-a/web-01')
  const session = (await (await page.request.get('/api/session')).json()) as { user: { name: string }; renewBefore: number }
  expect(session.user.name).toBe('operator')

  // A leap of the clock would break off a connection that is still being made.
  await expect(page.getByRole('banner').getByText('Live', { exact: true })).toBeVisible()
  const renewal = page.waitForResponse((response) => response.url().endsWith('/auth/refresh'))
  await page.clock.fastForward('13:00')
  expect((await renewal).status()).toBe(200)
})

test.describe('with what a browser complains of', () => {
  // A refused sign-in is a 400, a tab without its session gets a 401: Chromium writes them to the console.
  test.use(noisyConsole)

  test('signs out in every tab and at the provider, and leaves nothing for the Back button [A-17]', async ({ page, context, stack }) => {
    const addresses: string[] = []
    context.on('request', (request) => addresses.push(request.url()))
    await page.goto('/virtual-machines')
    await signIn(page, 'operator')
    await expect(vmRow(page, 'web-01').first()).toBeVisible()
    const [screen, other] = [await context.newPage(), await context.newPage()]
    await screen.goto('/console/team-a/web-01')
    await other.goto('/virtual-machines/team-a/web-01')
    await expect(other.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()

    await page.getByRole('button', { name: 'operator' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    // The provider's own session ends there, with a click of its own.
    await page.waitForURL((url) => url.origin === stack.provider)
    for (const tab of [other, screen]) await expect(signInPage(tab)).toBeVisible({ timeout: 2_000 })
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect(signInPage(page)).toBeVisible()

    for (const tab of [page, other]) {
      for (let steps = 0; steps < 4; steps += 1) {
        await tab.goBack().catch(() => null)
        if (new URL(tab.url()).origin === stack.url) await expectNothingLeft(context, tab)
      }
    }
    await page.goto('/virtual-machines/team-a/web-01')
    await expect(signInPage(page)).toBeVisible()
    await signIn(page, 'viewer')
    await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
    for (const address of addresses) {
      expect(address).not.toMatch(/eyJ[\w-]{10,}\.|id_token|refresh_token|access_token|code_verifier/)
      expect([stack.url, stack.provider]).toContain(new URL(address).origin)
    }
  })

  test('says on the sign-in page that an answer was not accepted [A-03] [A-05]', async ({ page }) => {
    await page.goto('/auth/callback?code=stolen&state=stolen')
    await expect(signInPage(page)).toBeVisible()
    await expect(page.getByText('The identity provider’s answer was not accepted.')).toBeVisible()
    await expect(virtualMachines(page)).toHaveCount(0)
  })

  test('ends each sign-in on its own origin, wherever the link says to go afterwards [A-16]', async ({ page, stack }) => {
    await page.goto('/')
    await signIn(page, 'viewer')
    await expect(virtualMachines(page)).toBeVisible()
    const hosts = ['evil.example', 'evil.example:443', '@evil.example', '127.0.0.1:1', 'localhost', '[::1]:1', 'evil.example%2f..']
    const starts = [
      '//',
      '/\\',
      '\\\\',
      '/\t/',
      'https://',
      'https:',
      '/%5c',
      '/%2f/',
      '/.//',
      '/..//',
      'javascript://',
      ' //',
      '/\u0000//',
      '///',
    ]
    const wanted = starts.flatMap((begin) => hosts.map((host) => begin + host)).slice(0, 60)
    for (const rt of wanted) {
      await page.goto(`/auth/login?rt=${encodeURIComponent(rt)}`)
      expect([rt, new URL(page.url()).origin]).toEqual([rt, stack.url])
    }
  })
})
