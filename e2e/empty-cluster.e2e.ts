// A cluster in which there is nothing yet: what the list of VMs says to whoever may change that, and to who may not.
import { expect, expectAccessible, openAs, test } from './fixtures.ts'

test.use({ stackArgs: ['--scenario', 'empty'], stackOf: 'empty-cluster' })

test('leads whoever may create a VM to the first one [F001]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  const main = page.getByRole('main')
  await expect(main.getByRole('heading', { name: 'No virtual machines yet' })).toBeVisible()
  await expect(main).toContainText('Pick a template, answer a few questions, and the first one starts.')
  await expectAccessible(page)
  await main.locator('.empty').getByRole('link', { name: 'Create VM' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Templates' })).toBeVisible()
})

for (const user of ['viewer', 'user'] as const)
  test(`tells a ${user}, who may create none, what to wait for instead [F001 F011]`, async ({ page, stack }) => {
    await openAs(page, stack, user, '/virtual-machines')
    const main = page.getByRole('main')
    await expect(main).toContainText('You may not create any.')
    await expect(main.locator('.empty').getByRole('link')).toHaveCount(0)
    await expectAccessible(page)
  })
