import type { Page } from '@playwright/test'
import { createVm, readVm } from './cluster.ts'
import { expect, openAs, test, vmRow } from './fixtures.ts'

const namespace = 'team-a'

async function select(page: Page, ...names: string[]) {
  for (const name of names) await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).click()
}

const verb = (page: Page, name: string) => page.getByRole('toolbar').getByRole('button', { name })

test('stops those of the selected VMs that run, says why the others are left alone, and lets the selection go [F012] [F228]', async ({
  page,
  stack,
}) => {
  await createVm(stack, { namespace, name: 'many-on-1' })
  await createVm(stack, { namespace, name: 'many-on-2' })
  await createVm(stack, { namespace, name: 'many-off', runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=many')
  await select(page, 'many-on-1', 'many-on-2', 'many-off')
  await verb(page, 'Stop…').click()

  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('heading', { name: 'Stop 2 VMs?' })).toBeVisible()
  await expect(dialog.getByRole('list', { name: 'Stop 2 VMs' }).getByRole('listitem')).toHaveText([/many-on-1/, /many-on-2/])
  await dialog.getByText('1 VM stays as it is').click()
  await expect(dialog.getByRole('list', { name: 'Left alone' })).toContainText('It is not running.')

  await dialog.getByRole('button', { name: 'Stop 2 VMs', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'Stopped: 2 VMs' })).toBeVisible({ timeout: 30_000 })
  await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
  await expect(vmRow(page, 'many-on-1').locator('.badge')).toContainText('Stopped')
  await expect(page.getByRole('toolbar')).toHaveCount(0)
})

test('deletes many only after a phrase was typed [F012]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'waste-1', runStrategy: 'Halted' })
  await createVm(stack, { namespace, name: 'waste-2', runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=waste')
  await page.getByRole('checkbox', { name: 'Select all shown' }).click()
  await verb(page, 'Delete…').click()

  const dialog = page.getByRole('dialog')
  const confirm = dialog.getByRole('button', { name: 'Delete 2 VMs', exact: true })
  await expect(confirm).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel(/^Type/).fill('delete 2 VMs')
  await confirm.click()
  await expect(dialog.getByRole('heading', { name: 'Deleted: 2 VMs' })).toBeVisible({ timeout: 30_000 })
  expect(await readVm(stack, { namespace, name: 'waste-1' })).toBeUndefined()
})

test('a viewer is told of each VM why nothing can be done with it [F011]', async ({ page, stack }) => {
  await openAs(page, stack, 'viewer', '/virtual-machines?q=web-01')
  await select(page, 'web-01')
  await verb(page, 'Restart…').click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('list', { name: 'Left alone' })).toContainText('You may not update virtualmachines/restart')
})

test('keys select, extend and clear; what is selected stays so while rows change', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  const selected = page.locator('tbody tr[aria-selected="true"]')
  await expect(vmRow(page, 'web-01')).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await expect(selected).toHaveCount(1)
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(selected).toHaveCount(3)
  await createVm(stack, { namespace, name: 'aaa-first', runStrategy: 'Halted' })
  await expect(vmRow(page, 'aaa-first')).toBeVisible()
  await expect(selected).toHaveCount(3)
  await page.keyboard.press('Escape')
  await expect(selected).toHaveCount(0)
})
