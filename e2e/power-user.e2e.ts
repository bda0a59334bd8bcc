import { expect, expectAccessible, signInAs, test } from './fixtures.ts'
import { logIn, openSerial, run } from './guest.ts'

test('power-user picks a template, gets a running VM, logs in on the serial console [F003 F043 F044 F060 F083 F091 F133]', async ({
  page,
  stack,
}) => {
  test.setTimeout(300_000)
  await signInAs(page, 'power-user')

  await test.step('picks Debian from the gallery', async () => {
    await page.getByRole('link', { name: 'Templates' }).first().click()
    await expect(page.getByRole('heading', { level: 1, name: 'Templates' })).toBeVisible()
    await expectAccessible(page)
    await page
      .getByRole('link', { name: /Create.*Debian|Debian.*Create/ })
      .first()
      .click()
  })

  await test.step('answers a few questions; what is wrong is said at its field', async () => {
    const name = page.getByRole('textbox', { name: 'Name', exact: true })
    await name.fill('Not A Name')
    await name.blur()
    await expect(name).toHaveAccessibleDescription(/lower/i)
    await name.fill('first-vm')
    await page.getByLabel('Password', { exact: true }).fill('correct horse')
    await expectAccessible(page)
  })

  await test.step('reads the YAML, which holds no password', async () => {
    await page.getByRole('button', { name: /YAML/ }).first().click()
    const preview = page
      .getByRole('dialog')
      .or(page.getByRole('region', { name: /YAML/ }))
      .first()
    await expect(preview).toContainText('first-vm')
    await expect(preview).not.toContainText('correct horse')
    await page.keyboard.press('Escape')
  })

  await test.step('creates it and watches it come up', async () => {
    await page.getByRole('button', { name: /^Create( VM)?$/ }).click()
    await expect(page).toHaveURL(/\/virtual-machines\/team-a\/first-vm/)
    await expect(page.getByRole('heading', { level: 1, name: 'first-vm' })).toBeVisible()
    await expect(page.getByRole('main').getByText('Running', { exact: true }).first()).toBeVisible({ timeout: 180_000 })
  })

  await test.step('the password is in a Secret that goes with the VM, and nowhere else', async () => {
    const vm = (await stack.api('admin', 'GET', '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/first-vm')).body
    expect(JSON.stringify(vm)).not.toContain('correct horse')
    const secrets = (await stack.api('admin', 'GET', '/api/v1/namespaces/team-a/secrets')).body as {
      items: { metadata: { ownerReferences?: { kind: string; name: string }[] } }[]
    }
    expect(secrets.items.flatMap((secret) => secret.metadata.ownerReferences ?? [])).toContainEqual(
      expect.objectContaining({ kind: 'VirtualMachine', name: 'first-vm' }),
    )
  })

  await test.step('logs in on the serial console', async () => {
    await openSerial(page)
    await logIn(page, 'debian', 'correct horse')
    await run(page, 'hostname', 'first-vm')
  })
})
