import { createClaim, createVm, names, paths, readVm } from './cluster.ts'
import { expect, openAs, rowAction, test, vmRow } from './fixtures.ts'

test('deletes a VM only once its name is typed, with the disks one lets go; kept and shared ones stay [F039 F041]', async ({
  page,
  stack,
}) => {
  const namespace = 'team-a'
  const vm = { namespace, name: 'leaving' }
  await createClaim(stack, { namespace, name: 'leaving-shared' })
  await createVm(stack, { namespace, name: 'staying', runStrategy: 'Halted', claims: ['leaving-shared'] })
  await createVm(stack, { ...vm, disks: ['leaving-gone', 'leaving-kept'], claims: ['leaving-shared'] })
  await openAs(page, stack, 'power-user', '/virtual-machines?q=leaving')
  await rowAction(page, 'leaving', 'Delete…')
  const dialog = page.getByRole('dialog', { name: 'Delete leaving?' })
  const remove = dialog.getByRole('button', { name: 'Delete VM' })

  await test.step('names each disk, and keeps what another VM uses', async () => {
    const shared = dialog.getByRole('listitem').filter({ hasText: 'leaving-shared' })
    await expect(shared).toContainText('also used by staying')
    await expect(shared).toContainText('Always kept')
    await expect(shared.getByRole('button')).toHaveCount(0)
    await expect(dialog.getByRole('group', { name: 'leaving-gone' }).getByRole('button', { name: 'Delete' })).toHaveAttribute(
      'aria-pressed',
      'true',
    )
    await dialog.getByRole('group', { name: 'leaving-kept' }).getByRole('button', { name: 'Keep' }).click()
  })

  await test.step('does nothing for another name', async () => {
    const field = dialog.getByRole('textbox', { name: 'Type leaving to confirm' })
    for (const wrong of ['', 'leavin', 'Leaving', 'leaving ']) {
      await field.fill(wrong)
      await expect(remove).toBeDisabled()
      await field.press('Enter')
    }
    await expect(remove).toHaveAccessibleDescription('Type leaving first.')
    expect(await readVm(stack, vm)).toBeDefined()
    await field.fill('leaving')
    await expect(remove).toBeEnabled()
  })

  await test.step('deletes it', async () => {
    await remove.click()
    await expect(dialog).toBeHidden()
    await expect(vmRow(page, 'leaving')).toHaveCount(0, { timeout: 30_000 })
    expect(await readVm(stack, vm)).toBeUndefined()
    await expect.poll(() => names(stack, paths.claims(namespace))).not.toContain('leaving-gone')
    expect(await names(stack, paths.claims(namespace))).toEqual(expect.arrayContaining(['leaving-kept', 'leaving-shared']))
  })
})
