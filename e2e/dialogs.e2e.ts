// Dialogs whose object, or whose page, is another by the time somebody confirms or the cluster answers.
import type { Page } from '@playwright/test'
import { create, createVm, fault, names, paths } from './cluster.ts'
import { expect, openAs, rowAction, test, testOfFailure, vmRow } from './fixtures.ts'

const namespace = 'team-a'

async function takeSnapshot(stack: Parameters<typeof create>[0], vm: string, name: string): Promise<void> {
  await create(stack, paths.snapshots(namespace), {
    apiVersion: 'snapshot.kubevirt.io/v1beta1',
    kind: 'VirtualMachineSnapshot',
    metadata: { namespace, name },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vm } },
  })
}

const vmsLink = (page: Page) => page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Virtual machines' })

test('a dialog about a snapshot that goes away is about no other one [F108] [F109]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'twice', disks: ['twice-data'], runStrategy: 'Halted' })
  for (const name of ['twice-old', 'twice-new']) await takeSnapshot(stack, 'twice', name)
  await openAs(page, stack, 'power-user', '/virtual-machines/team-a/twice/snapshots?snapshot=twice-old&do=deleteSnapshot')
  await expect(page.getByRole('dialog', { name: 'Delete snapshot twice-old?' })).toBeVisible()
  await stack.api('admin', 'DELETE', `${paths.snapshots(namespace)}/twice-old`)
  await expect(page.getByRole('dialog', { name: 'Delete snapshot twice-old?' })).toHaveCount(0)
  await expect(page.getByRole('row', { name: /twice-new/ })).toBeVisible()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect(await names(stack, paths.snapshots(namespace))).toContain('twice-new')
})

test('who closes a dialog before the cluster has answered stays where they are then', async ({ page, stack }) => {
  // Its row is among the first, whatever else the cluster has.
  await createVm(stack, { namespace, name: 'a-patient' })
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachines/a-patient/stop`
  await fault(stack, { effect: 'delay', delayMs: 3_000, match: { path }, count: 1 })
  await openAs(page, stack, 'operator', '/nodes')
  await vmsLink(page).click()
  await rowAction(page, 'a-patient', 'Stop…')
  const dialog = page.getByRole('dialog', { name: 'Stop a-patient?' })
  const answered = page.waitForResponse((response) => response.url().endsWith('/a-patient/stop'))
  await dialog.getByRole('button', { name: 'Stop VM' }).click()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(dialog).toHaveCount(0)
  await answered
  await expect(vmRow(page, 'a-patient')).toContainText('Stopped', { timeout: 60_000 })
  await expect(page).toHaveURL(/\/virtual-machines$/)
})

testOfFailure('says which snapshot stayed where one could not be deleted with its VM [F229]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'clingy', disks: ['clingy-data'], runStrategy: 'Halted' })
  await takeSnapshot(stack, 'clingy', 'clingy-before')
  const path = `${paths.snapshots(namespace)}/clingy-before`
  await fault(stack, { effect: 'status', code: 500, message: 'etcd leader changed', match: { path, method: 'DELETE' }, count: 1 })
  await openAs(page, stack, 'power-user', '/virtual-machines?q=clingy')
  await rowAction(page, 'clingy', 'Delete…')
  const dialog = page.getByRole('dialog', { name: 'Delete clingy?' })
  await dialog.getByRole('group', { name: 'Snapshots' }).getByRole('button', { name: 'Delete' }).click()
  await dialog.getByRole('textbox').fill('clingy')
  await dialog.getByRole('button', { name: 'Delete VM' }).click()
  const toast = page.getByRole('region', { name: 'Notifications' })
  await expect(toast).toContainText('Could not delete all of clingy')
  await expect(toast).toContainText('clingy-before: etcd leader changed')
  await expect(page).toHaveURL(/q=clingy$/)
})
