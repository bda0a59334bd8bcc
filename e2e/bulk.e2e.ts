import type { Page } from '@playwright/test'
import { createBareVm, createVm, fault, paths, readVm, readVmi } from './cluster.ts'
import { expect, openAs, selectAll, test, testOfFailure, vmRow, type Stack } from './fixtures.ts'

const namespace = 'team-a'

async function select(page: Page, ...names: string[]) {
  for (const name of names) await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).click()
}

const verb = (page: Page, name: string) => page.getByRole('toolbar').getByRole('button', { name })

/** Selects all that is shown, and asks for something to be done with it. */
async function openForAll(page: Page, name: string, count: number) {
  await selectAll(page, count)
  await verb(page, name).click()
  return page.getByRole('dialog')
}

/** The first time that this is asked for, it fails. */
const refuseOnce = (stack: Stack, subresource: string) =>
  fault(stack, {
    effect: 'status',
    code: 500,
    message: 'virt-handler is not there',
    match: { path: `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/${subresource}` },
    count: 1,
  })

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

testOfFailure(
  'leaves the others done where one fails, lists it with its cause, and tries that one again [F012]',
  async ({ page, stack }) => {
    const names = ['flaky-1', 'flaky-2', 'flaky-3']
    for (const name of names) await createVm(stack, { namespace, name })
    await refuseOnce(stack, 'virtualmachines/flaky-2/stop')
    await openAs(page, stack, 'operator', '/virtual-machines?q=flaky')
    const dialog = await openForAll(page, 'Stop…', 3)
    await dialog.getByLabel('At a time').fill('1')
    await dialog.getByRole('button', { name: 'Stop 3 VMs', exact: true }).click()

    await expect(dialog.getByRole('heading', { name: '1 VM failed' })).toBeVisible({ timeout: 60_000 })
    const results = dialog.getByRole('list', { name: 'Results' }).getByRole('listitem')
    await expect(results).toHaveText([/flaky-2.*virt-handler is not there/, /flaky-1.*Stopped/, /flaky-3.*Stopped/])
    await expect(dialog.getByRole('status')).toHaveText('3 of 3 VMs, 1 failed')

    await dialog.getByRole('button', { name: 'Retry failed' }).click()
    await expect(dialog.getByRole('heading', { name: 'Stopped: 3 VMs' })).toBeVisible({ timeout: 60_000 })
    await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
    for (const name of names) await expect(vmRow(page, name).locator('.badge')).toContainText('Stopped')
  },
)

testOfFailure(
  'keeps those selected that failed or were not begun, and stops at the first failure where that was asked for [F012] [F228]',
  async ({ page, stack }) => {
    const names = ['order-1', 'order-2', 'order-3']
    for (const name of names) await createVm(stack, { namespace, name })
    await refuseOnce(stack, 'virtualmachineinstances/order-2/pause')
    await openAs(page, stack, 'operator', '/virtual-machines?q=order')
    const dialog = await openForAll(page, 'Pause…', 3)
    await dialog.getByLabel('At a time').fill('1')
    await dialog.getByRole('checkbox', { name: 'Stop at the first failure' }).click()
    await dialog.getByRole('button', { name: 'Pause 3 VMs', exact: true }).click()
    await expect(dialog.getByRole('heading', { name: '1 VM failed' })).toBeVisible({ timeout: 60_000 })
    await expect(dialog.getByRole('list', { name: 'Results' }).getByRole('listitem')).toHaveText([
      /order-2.*virt-handler is not there/,
      /order-3.*Not begun/,
      /order-1.*Paused/,
    ])
    await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
    const selected = page.locator('tbody tr[aria-selected="true"]')
    await expect(selected).toHaveText([/order-2/, /order-3/])
    await expect(vmRow(page, 'order-3').locator('.badge')).toContainText('Running')
  },
)

test('takes snapshots of many VMs, and migrates them, two at a time [F228]', async ({ page, stack }) => {
  const names = ['herd-1', 'herd-2', 'herd-3']
  for (const name of names) await createVm(stack, { namespace, name })
  const nodeOf = async (name: string) => (await readVmi(stack, { namespace, name }))?.status?.nodeName
  const before = await Promise.all(names.map(nodeOf))
  await openAs(page, stack, 'operator', '/virtual-machines?q=herd')
  const dialog = page.getByRole('dialog')
  const act = async (label: string, button: string, done: string) => {
    await openForAll(page, label, 3)
    await expect(dialog.getByRole('list', { name: button }).getByRole('listitem')).toHaveText(names.map((name) => new RegExp(name)))
    await dialog.getByLabel('At a time').fill('2')
    await dialog.getByRole('button', { name: button, exact: true }).click()
    await expect(dialog.getByRole('heading', { name: done })).toBeVisible({ timeout: 120_000 })
    await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
    await expect(page.getByRole('toolbar')).toHaveCount(0)
  }
  await act('Snapshot…', 'Take snapshots of 3 VMs', 'Snapshot taken: 3 VMs')
  const { body } = await stack.api('admin', 'GET', paths.snapshots(namespace))
  const of = (body as { items: { spec: { source: { name: string } } }[] }).items.map(({ spec }) => spec.source.name)
  expect(of.filter((name) => names.includes(name)).toSorted()).toEqual(names)
  await act('Migrate…', 'Migrate 3 VMs', 'Migrated: 3 VMs')
  for (const [index, name] of names.entries()) expect(await nodeOf(name)).not.toBe(before[index])
})

test('deletes many only after a phrase was typed [F012]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'waste-1', runStrategy: 'Halted' })
  await createVm(stack, { namespace, name: 'waste-2', runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=waste')
  const dialog = await openForAll(page, 'Delete…', 2)
  const confirm = dialog.getByRole('button', { name: 'Delete 2 VMs', exact: true })
  await expect(confirm).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel(/^Type/).fill('delete 2 VMs')
  await confirm.click()
  await expect(dialog.getByRole('heading', { name: 'Deleted: 2 VMs' })).toBeVisible({ timeout: 30_000 })
  expect(await readVm(stack, { namespace, name: 'waste-1' })).toBeUndefined()
})

test('what somebody else deletes is selected no more', async ({ page, stack }) => {
  for (const name of ['fading-1', 'fading-2', 'fading-3']) await createVm(stack, { namespace, name, runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=fading')
  await selectAll(page, 3)
  const foot = page.locator('.tablefoot')
  await expect(foot).toContainText('3 selected')
  const remove = (name: string) => stack.api('admin', 'DELETE', paths.vm({ namespace, name }))
  await remove('fading-2')
  await expect(page.getByRole('toolbar')).toContainText('2 selected')
  await expect(foot).toContainText('2 selected')
  for (const name of ['fading-1', 'fading-3']) await remove(name)
  await expect(page.getByRole('toolbar')).toHaveCount(0)
  await expect(foot).toHaveCount(0)
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
  await expect(page.locator('tbody tr[data-key]').first()).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await expect(selected).toHaveCount(1)
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(selected).toHaveCount(4)
  await page.keyboard.press('Shift+ArrowUp')
  await expect(selected).toHaveCount(3)
  await createVm(stack, { namespace, name: 'aaa-first', runStrategy: 'Halted' })
  await expect(vmRow(page, 'aaa-first')).toBeVisible()
  await expect(selected).toHaveCount(3)
  await page.keyboard.press('Escape')
  await expect(selected).toHaveCount(0)
})

test('a click with Shift takes all from the last one chosen to this one, and less again with the next [F012]', async ({ page, stack }) => {
  for (const name of ['span-1', 'span-2', 'span-3', 'span-4']) await createBareVm(stack, { namespace, name })
  await openAs(page, stack, 'operator', '/virtual-machines?q=span-')
  const selected = page.locator('tbody tr[aria-selected="true"]')
  const box = (name: string) => page.getByRole('checkbox', { name: `Select ${name}`, exact: true })
  await box('span-1').click()
  await box('span-4').click({ modifiers: ['Shift'] })
  await expect(selected).toHaveText([/span-1/, /span-2/, /span-3/, /span-4/])
  await box('span-2').click({ modifiers: ['Shift'] })
  await expect(selected).toHaveText([/span-1/, /span-2/])
  await expect(page.getByRole('toolbar')).toContainText('2 selected')
})
