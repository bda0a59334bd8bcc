import { expect, expectAccessible, rowAction, signInAs, test, vmRow } from './fixtures.ts'

const changing = ['Start', 'Stop…', 'Restart…', 'Pause', 'Migrate…', 'Take snapshot…', 'Delete…', 'Open console', 'Open serial console']

test('user sees Migrate and Delete disabled with the reason, and the API refuses too [F003 F010 F011 F122 F140 F145]', async ({
  page,
  stack,
}) => {
  await signInAs(page, 'user')
  await expect(vmRow(page, 'jumphost')).toBeVisible()

  await test.step('sees team-b and nothing else', async () => {
    await expect(vmRow(page, 'web-01')).toBeHidden()
    await expect(page.getByRole('alert')).toHaveCount(0)
  })

  await test.step('reads why in the menu', async () => {
    await vmRow(page, 'jumphost').getByRole('button', { name: 'Actions for jumphost' }).click()
    for (const verb of ['Migrate…', 'Delete…']) {
      const item = page.getByRole('menuitem', { name: verb })
      await expect(item).toBeDisabled()
      await expect(item).toHaveAccessibleDescription(/may not (create virtualmachineinstancemigrations|delete virtualmachines).*team-b/)
    }
    await expect(page.getByRole('menuitem', { name: 'Restart…' })).toBeEnabled()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
  })

  await test.step('is refused by the API as well, through the dashboard and without it', async () => {
    const migration = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name: 'try' },
      spec: { vmiName: 'jumphost' },
    }
    const path = '/apis/kubevirt.io/v1/namespaces/team-b/virtualmachineinstancemigrations'
    expect((await stack.api('user', 'POST', path, migration)).status).toBe(403)
    expect((await stack.api('user', 'DELETE', '/apis/kubevirt.io/v1/namespaces/team-b/virtualmachines/jumphost')).status).toBe(403)
    const session = (await (await page.request.get('/api/session')).json()) as { csrf: string }
    const answer = await page.request.post(`/k8s${path}`, { data: migration, headers: { 'x-kvd-csrf': session.csrf, origin: stack.url } })
    expect(answer.status()).toBe(403)
    expect(await answer.json()).toMatchObject({ kind: 'Status', reason: 'Forbidden' })
  })

  await test.step('restarts what is theirs to use', async () => {
    await rowAction(page, 'jumphost', 'Restart…')
    await page.getByRole('alertdialog').or(page.getByRole('dialog')).getByRole('button', { name: 'Restart VM' }).click()
    await expect(vmRow(page, 'jumphost')).toContainText(/Stopping|Starting|Stopped|Scheduling/)
    await expect(vmRow(page, 'jumphost')).toContainText('Running', { timeout: 90_000 })
  })
})

test('viewer can change nothing, and every verb says which right is missing [F011 F138 F140 F145]', async ({ page, stack }) => {
  await signInAs(page, 'viewer')
  await page.goto('/virtual-machines?q=web-01')
  await vmRow(page, 'web-01').getByRole('button', { name: 'Actions for web-01' }).click()
  for (const verb of changing) {
    const item = page.getByRole('menuitem', { name: verb, exact: true })
    await expect(item).toBeDisabled()
    await expect(item).toHaveAccessibleDescription(/\S/)
  }
  await expect(page.getByRole('menuitem', { name: 'View YAML' })).toBeEnabled()
  await page.keyboard.press('Escape')

  await page.goto('/virtual-machines/team-a/web-01/console')
  await expect(page.getByText('You may not open this console')).toBeVisible()
  for (const verb of ['start', 'stop', 'restart']) {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/${verb}`
    expect((await stack.api('viewer', 'PUT', path, {})).status).toBe(403)
  }
  await page.goto('/templates')
  await expect(page.getByRole('heading', { level: 1, name: 'Templates' })).toBeVisible()
  await expectAccessible(page)
})
