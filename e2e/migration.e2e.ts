import { condition, create, createVm, paths, readVmi, type Ref } from './cluster.ts'
import { expect, openAs, test, vmRow, type Stack } from './fixtures.ts'

const nodeOf = async (stack: Stack, ref: Ref) => (await readVmi(stack, ref))?.status?.nodeName

test('cancels a migration: the VM runs on, where it was [F120]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'mover' }
  await createVm(stack, { ...vm, guest: { 'migration-seconds': '600' } })
  const before = await nodeOf(stack, vm)
  await create(stack, paths.migrations('team-a'), {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { namespace: 'team-a', name: 'mover-1' },
    spec: { vmiName: 'mover' },
  })
  await openAs(page, stack, 'operator', '/virtual-machines/team-a/mover')
  await expect(page.locator('.dhead')).toContainText('Migrating')
  await page.getByRole('button', { name: 'More actions' }).filter({ visible: true }).click()
  await page.getByRole('menuitem', { name: 'Cancel migration…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Cancel the migration of mover?' })
  await expect(dialog).toContainText(`It goes on running on ${before}`)
  await dialog.getByRole('button', { name: 'Cancel migration' }).click()
  await expect(page.locator('.dhead')).toContainText('Running', { timeout: 30_000 })
  expect(await nodeOf(stack, vm)).toBe(before)
  const migration = await stack.api('admin', 'GET', `${paths.migrations('team-a')}/mover-1`)
  if (migration.status === 200) expect(migration.body).toMatchObject({ status: { phase: 'Failed' } })
})

test('says why a VM cannot migrate: what stands in the way, in the words of the API [F122]', async ({ page, stack }) => {
  const blocked = [
    { namespace: 'team-a', name: 'db-01', because: /Volume root.*ReadWriteOnce on local-path/ },
    { namespace: 'team-b', name: 'legacy-erp', because: /default.*bridge/ },
  ]
  for (const { namespace, name, because } of blocked) {
    const migratable = condition(await readVmi(stack, { namespace, name }), 'LiveMigratable')
    await openAs(page, stack, 'operator', `/virtual-machines?q=${name}`)
    await vmRow(page, name)
      .getByRole('button', { name: `Actions for ${name}` })
      .click()
    await expect(page.getByRole('menuitem', { name: 'Migrate…' })).toBeDisabled()
    await page.goto(`/virtual-machines/${namespace}/${name}`)
    await page.getByRole('button', { name: 'Why not…' }).click()
    const dialog = page.getByRole('dialog', { name: `Why ${name} can’t migrate` })
    const why = dialog.getByRole('region', { name: 'Why it cannot migrate' })
    await expect(why).toContainText(migratable?.message ?? 'no message')
    await expect(why.getByRole('listitem').filter({ hasText: because })).toBeVisible()
    await expect(dialog.getByRole('button', { name: 'Migrate', exact: true })).toBeDisabled()
  }
})
