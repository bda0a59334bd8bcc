import { createVm, names, paths, readVmi } from './cluster.ts'
import { expect, openAs, test } from './fixtures.ts'
import type { Page } from '@playwright/test'

const namespace = 'team-a'
const row = (page: Page, name: string | RegExp) => page.getByRole('row', { name })
const take = (page: Page) => page.getByRole('button', { name: 'Take snapshot…' }).filter({ visible: true })
const dialogOf = (page: Page, vm: string) => page.getByRole('dialog', { name: `Take a snapshot of ${vm}` })

test('takes a snapshot under a name of its own making or of mine, and shows how each was made [F106 F107]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'snap-on', disks: ['snap-on-data'], guest: { 'guest-agent': 'none' } })
  await openAs(page, stack, 'power-user', '/virtual-machines/team-a/snap-on/snapshots')

  await test.step('offers a name', async () => {
    await take(page).click()
    const name = await dialogOf(page, 'snap-on').getByRole('textbox', { name: 'Name' }).inputValue()
    expect(name).toMatch(/^snap-on-/)
    await dialogOf(page, 'snap-on').getByRole('button', { name: 'Take snapshot' }).click()
    await expect(row(page, new RegExp(name))).toContainText('Ready', { timeout: 30_000 })
    expect(await names(stack, paths.snapshots(namespace))).toContain(name)
  })

  await test.step('refuses a name that is taken or none', async () => {
    await take(page).click()
    const dialog = dialogOf(page, 'snap-on')
    const name = dialog.getByRole('textbox', { name: 'Name' })
    await name.fill('No Name')
    await name.blur()
    await expect(name).toHaveAccessibleDescription(/lower|small/i)
    await expect(dialog.getByRole('button', { name: 'Take snapshot' })).toBeDisabled()
    await name.fill('by-hand')
    await dialog.getByRole('button', { name: 'Take snapshot' }).click()
    await expect(row(page, /by-hand/)).toContainText('Ready', { timeout: 30_000 })
    await take(page).click()
    await dialogOf(page, 'snap-on').getByRole('textbox', { name: 'Name' }).fill('by-hand')
    await expect(dialogOf(page, 'snap-on').getByRole('button', { name: 'Take snapshot' })).toHaveAccessibleDescription(
      'There is a snapshot of this name already.',
    )
    await page.keyboard.press('Escape')
  })

  await test.step('warns that no guest agent brought the file systems to rest', async () => {
    await expect(row(page, /by-hand/)).toContainText('online, no agent')
    await expect(row(page, /by-hand/)).toContainText('as after a power cut')
  })
})

test('takes a snapshot of a stopped VM, offline; restores it without a stop; deletes it with its content [F108 F109 F110]', async ({
  page,
  stack,
}) => {
  await createVm(stack, { namespace, name: 'snap-off', runStrategy: 'Halted', disks: ['snap-off-data'] })
  await openAs(page, stack, 'power-user', '/virtual-machines/team-a/snap-off/snapshots')
  await take(page).click()
  await expect(dialogOf(page, 'snap-off')).toContainText('its disks are at rest')
  await dialogOf(page, 'snap-off').getByRole('textbox', { name: 'Name' }).fill('at-rest')
  await dialogOf(page, 'snap-off').getByRole('button', { name: 'Take snapshot' }).click()
  await expect(row(page, /at-rest/)).toContainText('Ready', { timeout: 30_000 })
  await expect(row(page, /at-rest/)).toContainText('offline')
  const { status } = (await stack.api('admin', 'GET', `${paths.snapshots(namespace)}/at-rest`)).body as {
    status: { indications?: string[]; virtualMachineSnapshotContentName: string }
  }
  expect(status.indications ?? []).not.toContain('Online')
  const content = status.virtualMachineSnapshotContentName
  expect(await names(stack, paths.snapshotContents(namespace))).toContain(content)

  await test.step('restores it; off it stays', async () => {
    await page.getByRole('button', { name: 'Restore…' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'Restore snap-off to at-rest?' })
    await expect(dialog.getByRole('checkbox', { name: 'Take a snapshot first' })).toBeChecked()
    await dialog.getByRole('checkbox', { name: 'Take a snapshot first' }).click()
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(page.getByRole('complementary', { name: 'Selected snapshot' }).getByText(/^Restored$/)).toBeVisible()
    await expect(page.getByText(/^Restored snap-off/)).toBeVisible({ timeout: 30_000 })
    expect(await readVmi(stack, { namespace, name: 'snap-off' })).toBeUndefined()
  })

  await test.step('deletes it', async () => {
    await row(page, /at-rest/)
      .getByRole('button', { name: 'Actions for at-rest' })
      .click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page.getByRole('dialog', { name: 'Delete snapshot at-rest?' }).getByRole('button', { name: 'Delete snapshot' }).click()
    await expect(page.getByRole('heading', { name: 'No snapshots yet' })).toBeVisible({ timeout: 30_000 })
    await expect.poll(() => names(stack, paths.snapshotContents(namespace))).not.toContain(content)
  })
})

test('names the volumes that no snapshot will hold, and why, before it is taken [F111]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines/team-a/db-01?do=snapshot')
  const dialog = dialogOf(page, 'db-01')
  await expect(dialog).toContainText('Left out: root')
  await expect(dialog).toContainText(
    'No VolumeSnapshotClass: Volume snapshots are not configured for this StorageClass [local-path] [root]',
  )
})
