// The end of a session: two minutes' warning, one key to stay, and nothing lost where it comes.
import { expect, expectAccessible, openAs, test } from './fixtures.ts'

test('warns two minutes before nobody has been there for too long, and any key is enough to stay [A-18] [Y-05]', async ({
  page,
  stack,
}) => {
  await page.clock.install()
  await openAs(page, stack, 'operator', '/virtual-machines')
  await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: 'signed out' })).toHaveCount(0)
  // A leap of the clock would break off a connection that is still being made.
  await expect(page.getByRole('banner').getByText('Live', { exact: true })).toBeVisible()
  await page.clock.fastForward('28:10')
  const warning = page.getByRole('alert').filter({ hasText: 'You will be signed out at' })
  await expect(warning).toBeVisible()
  await expect(warning.getByRole('button', { name: 'Stay signed in' })).toBeVisible()
  await expectAccessible(page)
  const told = page.waitForResponse((response) => response.url().endsWith('/api/session') && response.request().method() === 'POST')
  await page.keyboard.press('Shift')
  expect((await told).status()).toBe(200)
  await expect(warning).toBeHidden()
})

test('leads back to the page where the session ended, with what was typed there [A-18] [Y-05]', async ({ page, context, stack }) => {
  await openAs(page, stack, 'operator', '/templates/debian-12/create')
  const name = page.getByRole('textbox', { name: 'Name', exact: true })
  await name.fill('typed-before-the-end')
  await context.clearCookies()
  // As a browser does when one comes back to its tab: the session is asked for.
  await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
  await expect(page.getByRole('button', { name: 'Sign in as operator' })).toBeVisible()
  await expect(page.getByText('typed-before-the-end')).toHaveCount(0)

  await page.getByRole('button', { name: 'Sign in as operator' }).click()
  await expect(page).toHaveURL(/\/templates\/debian-12\/create$/)
  await expect(name).toHaveValue('typed-before-the-end')
})
