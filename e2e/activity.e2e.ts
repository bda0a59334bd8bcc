// The audit log as a page: who did what, live, for those who may see it.
import { expect, expectAccessible, openAs, signInAs, test } from './fixtures.ts'

const path = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01'

test('an operator sees live what somebody else tried, and everything that the log has of it [F144]', async ({ page, browser, stack }) => {
  await signInAs(page, 'operator')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Activity' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'operator' }).filter({ hasText: 'Sign in' })).toBeVisible()

  const theirs = await browser.newContext({ baseURL: stack.url })
  const other = await theirs.newPage()
  await openAs(other, stack, 'viewer', '/virtual-machines')
  const { csrf } = (await (await other.request.get('/api/session')).json()) as { csrf: string }
  const answer = await other.request.delete(path, { data: {}, headers: { 'x-kvd-csrf': csrf, origin: stack.url } })
  expect(answer.status()).toBe(403)

  const row = page.getByRole('row').filter({ hasText: 'viewer' }).filter({ hasText: 'Delete' })
  await expect(row).toContainText(/web-01.*team-a.*Refused\s*403/)

  await test.step('finds it by who did it and what came of it', async () => {
    await page.getByRole('combobox', { name: 'Search operations' }).fill('user:viewer status:refused ')
    await expect(page.getByRole('row').filter({ hasText: 'Sign in' })).toHaveCount(0)
    await expect(row).toBeVisible()
  })

  await test.step('opens its details, where the request id can be copied', async () => {
    await row.getByRole('link', { name: /^Delete web-01, 2/ }).click()
    const details = page.getByRole('dialog', { name: 'Delete' })
    await expect(details).toContainText(answer.headers()['x-request-id'] ?? '')
    await expect(details.getByRole('button', { name: 'Copy Request ID' })).toBeVisible()
    await expectAccessible(page)
    await details.getByRole('link', { name: 'All of this VM' }).click()
    await expect(page).toHaveURL(/vm%3Aweb-01|vm:web-01/)
    await expect(details).toBeHidden()
  })
  await theirs.close()
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })

  test('an operation begins with what happened, and then says when and who [F144]', async ({ page, stack }) => {
    await openAs(page, stack, 'operator', '/activity')
    const row = page.getByRole('row').filter({ hasText: 'Sign in' }).filter({ hasText: 'operator' }).first()
    await expect(row).toHaveText(/^.*Sign in.*Done.*\d\d:\d\d:\d\d · operator/)
    const name = row.getByRole('link')
    await expect(name.getByText('Sign in', { exact: true })).toBeInViewport({ ratio: 1 })
    await expect(name.locator('time')).toBeHidden()
    await expectAccessible(page)
    await name.tap()
    await expect(page.getByRole('dialog', { name: 'Sign in' })).toBeVisible()
  })
})

test('a viewer is not led there, and is told what is missing and what would grant it [F011 F144 F145]', async ({ page }) => {
  await signInAs(page, 'viewer')
  await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Nodes' })).toBeVisible()
  await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Activity' })).toHaveCount(0)
  await page.goto('/activity')
  await expect(page.getByText('You may not list activities (virtdeck.io).')).toBeVisible()
  await page.getByRole('button', { name: 'What would allow it' }).click()
  await expect(page.getByRole('dialog', { name: 'A right is missing' })).toContainText('resources: ["activities"]')
})
