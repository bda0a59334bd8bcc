import { expect, expectAccessible, rowAction, signInAs, test, vmRow } from './fixtures.ts'
import { expectConsoleConnected, logIn, openScreen, openSerial, run, typeOnScreen } from './guest.ts'

const vmi = '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/build-runner'

type Vmi = { metadata?: { uid: string }; status?: { nodeName?: string; conditions?: { type: string; status: string }[] } }

test('operator finds a VM among the fleet, starts it, opens VNC and types, migrates it to another node while the console reconnects, snapshots it, breaks it, restores it [F001 F005 F009 F010 F013 F032 F106 F107 F108 F118 F121 F132 F133 F134]', async ({
  page,
  stack,
}) => {
  test.setTimeout(420_000)
  const read = async () => (await stack.api('admin', 'GET', vmi)).body as Vmi
  const nodeName = async () => (await read()).status?.nodeName
  const agentConnected = async () =>
    (await read()).status?.conditions?.some((one) => one.type === 'AgentConnected' && one.status === 'True') ?? false
  await signInAs(page, 'operator')

  await test.step('finds it by a part of its name', async () => {
    await page.getByRole('combobox', { name: 'Search VMs' }).fill('build-run')
    await expect(vmRow(page, 'build-runner')).toContainText('Stopped')
    await expect(page).toHaveURL(/q=build-run/)
    await expectAccessible(page)
  })

  await test.step('starts it, and the row tells the truth without a reload', async () => {
    await rowAction(page, 'build-runner', 'Start')
    await expect(vmRow(page, 'build-runner')).toContainText('Running', { timeout: 60_000 })
    await vmRow(page, 'build-runner').getByRole('link', { name: 'build-runner' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'build-runner' })).toBeVisible()
    await expect.poll(agentConnected, { timeout: 60_000 }).toBe(true)
  })

  await test.step('opens VNC, logs in on the screen and writes a file', async () => {
    await openScreen(page)
    await typeOnScreen(page, 'build-runner', 'fedora', 'build', 'echo typed on the screen > typed.txt')
  })

  await test.step('migrates it to another node, and the console reconnects by itself', async () => {
    const before = await nodeName()
    await page.getByRole('button', { name: 'Migrate…' }).click()
    const dialog = page.getByRole('dialog')
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Migrate', exact: true }).click()
    await expect(dialog.getByRole('list', { name: 'Steps' })).toBeVisible()
    await expect.poll(nodeName, { timeout: 120_000 }).not.toBe(before)
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    await expectConsoleConnected(page)
  })

  await test.step('what was typed on the screen is there on the serial line', async () => {
    await openSerial(page)
    await logIn(page, 'fedora', 'build')
    await run(page, 'cat typed.txt', /typed on the screen\s*\S*\[?fedora@/)
  })

  await test.step('takes a snapshot', async () => {
    await page
      .getByRole('main')
      .getByRole('link', { name: /^Snapshots/ })
      .click()
    await page.getByRole('button', { name: 'Take snapshot…' }).click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('before-the-accident')
    await page.getByRole('dialog').getByRole('button', { name: 'Take snapshot' }).click()
    await expect(page.getByRole('row', { name: /before-the-accident/ })).toContainText('Ready', { timeout: 60_000 })
    await expectAccessible(page)
  })

  await test.step('breaks the VM, in the session that is still open', async () => {
    await openSerial(page)
    await run(page, 'rm typed.txt')
    await run(page, 'cat typed.txt', 'No such file')
  })

  await test.step('restores it in one flow, and the file is back', async () => {
    await page
      .getByRole('main')
      .getByRole('link', { name: /^Snapshots/ })
      .click()
    await page.getByRole('row', { name: /before-the-accident/ }).click()
    await page.getByRole('button', { name: 'Restore…' }).first().click()
    await expectAccessible(page)
    const before = (await read()).metadata?.uid
    await page.getByRole('alertdialog').or(page.getByRole('dialog')).getByRole('button', { name: 'Stop and restore' }).click()
    await expect(page.getByRole('heading', { name: 'Restoring before-the-accident' })).toBeVisible({ timeout: 30_000 })
    await expect.poll(async () => (await read()).metadata?.uid ?? before, { timeout: 120_000 }).not.toBe(before)
    await expect.poll(agentConnected, { timeout: 120_000 }).toBe(true)
    await openSerial(page)
    await logIn(page, 'fedora', 'build')
    await run(page, 'cat typed.txt', /typed on the screen\s*\S*\[?fedora@/)
  })
})
