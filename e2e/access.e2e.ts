// Rights that are missing, granted and withdrawn while one looks.
import { parseAllDocuments } from 'yaml'
import { expect, openAs, signInAs, test, vmRow } from './fixtures.ts'

// A cluster of its own: rights are granted and withdrawn here, and other files count on them.
test.use({ stackOf: 'rights that come and go' })

const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/team-b'

test('a disabled verb leads to the rule that grants it, and the rule enables it within a minute [F011 F140 F145]', async ({
  page,
  stack,
}) => {
  test.setTimeout(150_000)
  await openAs(page, stack, 'user', '/virtual-machines/team-b/jumphost')
  const migrate = page.getByRole('button', { name: 'Migrate…' })
  await expect(migrate).toBeDisabled()
  await migrate.click({ force: true })
  const dialog = page.getByRole('dialog', { name: 'A right is missing' })
  await expect(dialog).toContainText('You may not create virtualmachineinstancemigrations (kubevirt.io) in team-b.')
  await expect(dialog).toContainText('kubectl auth can-i create virtualmachineinstancemigrations.kubevirt.io -n team-b --as=user')
  const yaml = await dialog.locator('pre').innerText()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()

  for (const document of parseAllDocuments(yaml)) {
    const object = document.toJS() as { kind: string }
    expect((await stack.api('admin', 'POST', `${rbac}/${object.kind.toLowerCase()}s`, object)).status).toBe(201)
  }
  await expect(migrate).toBeEnabled({ timeout: 75_000 })
})

test('My access says what one may do where, and why not [F138 F139 F141 F145]', async ({ page, stack }) => {
  await openAs(page, stack, 'user', '/virtual-machines')
  await page.getByRole('button', { name: 'Signed in as user' }).click()
  await page.getByRole('menuitem', { name: 'My access' }).click()
  await expect(page.getByText('team-b, system:authenticated')).toBeVisible()
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'team-b', exact: true }) })
  await expect(row.getByRole('img', { name: 'Console: allowed' })).toBeVisible()
  await row.getByRole('button', { name: /^Delete in team-b: not allowed/ }).click()
  await expect(page.getByRole('dialog', { name: 'A right is missing' })).toContainText('verbs: ["delete"]')
  await page.keyboard.press('Escape')

  await test.step('looks at a namespace that nobody lists for them', async () => {
    await page.getByRole('searchbox', { name: 'Namespace' }).fill('team-a')
    await page.getByRole('button', { name: 'Add team-a' }).click()
    const other = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'team-a', exact: true }) })
    await expect(other.getByRole('button', { name: /not allowed/ })).toHaveCount(15)
  })

  await test.step('asks one question by hand', async () => {
    await page.getByLabel('Verb').fill('update')
    await page.getByLabel('Resource').fill('virtualmachines.subresources.kubevirt.io/start')
    await page.getByRole('combobox', { name: /^Namespace/ }).fill('team-b')
    await expect(
      page.getByText('kubectl auth can-i update virtualmachines.subresources.kubevirt.io --subresource=start -n team-b'),
    ).toBeVisible()
    await page.getByRole('button', { name: 'May I?' }).click()
    await expect(page.getByText('Yes.')).toBeVisible()
  })
})

test('withdrawn rights empty the screen within 65 seconds and say so [F003 F140]', async ({ page, context, stack }) => {
  test.setTimeout(150_000)
  await signInAs(page, 'user')
  await expect(vmRow(page, 'jumphost')).toBeVisible()
  const vmPage = await context.newPage()
  await vmPage.goto('/virtual-machines/team-b/jumphost/yaml')
  await expect(vmPage.getByRole('heading', { level: 1, name: 'jumphost' })).toBeVisible()
  await expect(vmPage.getByText('runStrategy').first()).toBeVisible()

  expect((await stack.api('admin', 'DELETE', `${rbac}/rolebindings/spectro-vm-user`)).status).toBe(200)
  await expect(page.getByRole('heading', { name: 'No virtual machines for you to see' })).toBeVisible({ timeout: 68_000 })
  // Nothing is counted that may not be seen, and nothing searched.
  await expect(page.getByRole('group', { name: 'Filters' })).toHaveCount(0)
  await expect(page.getByRole('combobox', { name: 'Search VMs' })).toHaveCount(0)
  await expect(vmRow(page, 'jumphost')).toHaveCount(0)
  await expect(vmPage.getByRole('heading', { name: 'You may not see this VM' })).toBeVisible({ timeout: 68_000 })
})
