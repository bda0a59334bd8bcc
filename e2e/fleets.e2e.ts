// Lists of every kind: one table with its search, views and columns, and what is done to many at once.
import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { create, createVm, paths, readVm, readVmi } from './cluster.ts'
import { expect, openAs, selectAll, test, vmRow } from './fixtures.ts'

const namespace = 'team-a'
const facet = (page: Page, name: string | RegExp) => page.getByRole('group', { name: 'Filters' }).getByRole('button', { name })
const search = (page: Page, what: string) => page.getByRole('combobox', { name: `Search ${what}` })
const verb = (page: Page, name: string) => page.getByRole('toolbar').getByRole('button', { name, exact: true })

test('lists the snapshots of all VMs, searched and counted here, live, and deletes several after a phrase [F107] [F109] [F223]', async ({
  page,
  stack,
}) => {
  const vm = { namespace, name: 'shot' }
  await createVm(stack, vm)
  const take = (name: string) =>
    create(stack, paths.snapshots(namespace), {
      apiVersion: 'snapshot.kubevirt.io/v1beta1',
      kind: 'VirtualMachineSnapshot',
      metadata: { name },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vm.name } },
    })
  await openAs(page, stack, 'operator', '/snapshots?q=vm:shot')
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
  await take('shot-1')
  await expect(vmRow(page, 'shot-1')).toContainText('Ready', { timeout: 30_000 })
  await take('shot-2')
  await expect(vmRow(page, 'shot-2')).toContainText('Ready', { timeout: 30_000 })
  await expect(facet(page, /^Ready/)).toHaveAccessibleName('Ready 2')
  await selectAll(page, 2)
  await verb(page, 'Delete…').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^Type/).fill('delete 2 snapshots')
  await dialog.getByRole('button', { name: 'Delete 2 snapshots', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'Deleted: 2 snapshots' })).toBeVisible()
  await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
})

test('lists volumes with who uses them, and leaves those alone that a VM uses', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'holder', runStrategy: 'Halted', disks: ['holder-data'] })
  await openAs(page, stack, 'operator', '/volumes?q=holder')
  await expect(vmRow(page, 'holder-data')).toContainText('holder')
  await page.getByRole('button', { name: 'Actions for holder-data' }).click()
  const item = page.getByRole('menuitem', { name: 'Delete…' })
  await expect(item).toHaveAttribute('aria-disabled', 'true')
  await expect(item).toContainText('holder uses it.')
})

test('a user sees the volumes and snapshots of their namespaces, and of no other: no row, no count, no suggestion [F003]', async ({
  page,
  stack,
}) => {
  await openAs(page, stack, 'user', '/volumes')
  await expect(page.getByRole('row').nth(1)).toBeVisible()
  const namespaces = () =>
    page
      .locator('tbody tr[data-key]')
      .evaluateAll((rows) => [...new Set(rows.map((row) => row.getAttribute('data-key')?.split('/')[0] ?? ''))].toSorted())
  // Their own, and the images that everybody may clone.
  const own = ['team-b', 'vmo-golden-images']
  expect(await namespaces()).toEqual(own)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    new RegExp(`^Volumes${(await page.locator('tbody tr[data-key]').count()).toString()}$`),
  )
  await search(page, 'volumes').fill('namespace:')
  await expect(page.getByRole('option')).toHaveCount(own.length)
  for (const name of own) await expect(page.getByRole('option', { name: new RegExp(name) })).toBeVisible()
  await page.goto('/snapshots')
  await expect(page.getByRole('row').nth(1)).toBeVisible()
  expect(await namespaces()).toEqual(['team-b'])
  await search(page, 'snapshots').fill('namespace:')
  await expect(page.getByRole('option')).toHaveText([/team-b/])
})

test('cordons a node and lets it go again, labels it, and lists its VMs [F124] [F126] [F127]', async ({ page, stack }) => {
  const unschedulable = async () =>
    ((await stack.api('admin', 'GET', '/api/v1/nodes/fra-w-04')).body as { spec?: { unschedulable?: boolean } }).spec?.unschedulable ??
    false
  await openAs(page, stack, 'operator', '/nodes')
  const act = async (name: string) => {
    await page.getByRole('button', { name: 'Actions for fra-w-04' }).click()
    await page.getByRole('menuitem', { name, exact: true }).click()
  }
  await act('Cordon')
  await expect(vmRow(page, 'fra-w-04')).toContainText('Cordoned')
  expect(await unschedulable()).toBe(true)
  await act('Uncordon')
  await expect(vmRow(page, 'fra-w-04')).toContainText('Ready')
  expect(await unschedulable()).toBe(false)
  await act('Label…')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Key').fill('kubernetes.io/hostname')
  await expect(dialog.getByText('This key belongs to the cluster').first()).toBeVisible()
  await dialog.getByLabel('Key').fill('rack')
  await dialog.getByLabel('Value').fill('b2')
  await dialog.getByRole('button', { name: 'Label 1 node', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'Labelled: 1 node' })).toBeVisible()
  await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
  await search(page, 'nodes').fill('label:rack=b2 ')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nodes1 of 4')
  await page.getByRole('link', { name: 'fra-w-04' }).click()
  await expect(page).toHaveURL(/virtual-machines\?q=node(:|%3A)fra-w-04/)
  await expect(page.getByRole('row').nth(1)).toContainText('fra-w-04')
})

test('labels many VMs at once, shows the label as a column, and exports it [F226] [F228]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'tag-1', runStrategy: 'Halted' })
  await createVm(stack, { namespace, name: 'tag-2', runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=tag-')
  await selectAll(page, 2)
  await verb(page, 'Label…').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Key').fill('kubevirt.io/mine')
  await expect(dialog.getByText('This key belongs to the cluster').first()).toBeVisible()
  await dialog.getByLabel('Key').fill('cost-centre')
  await dialog.getByLabel('Value').fill('k-17')
  await dialog.getByRole('button', { name: 'Label 2 VMs', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'Labelled: 2 VMs' })).toBeVisible()
  await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
  expect((await readVm(stack, { namespace, name: 'tag-2' }))?.metadata.labels).toMatchObject({ 'cost-centre': 'k-17' })

  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitem', { name: 'Labels' }).click()
  await page.getByRole('menuitemcheckbox', { name: /^cost-centre/ }).click()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('columnheader', { name: 'cost-centre' })).toBeVisible()
  await expect(vmRow(page, 'tag-1')).toContainText('k-17')
  await page.reload()
  await expect(vmRow(page, 'tag-1')).toContainText('k-17')
  await page.getByRole('button', { name: 'Views' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Export as CSV' }).click()
  const file = await readFile(await (await download).path(), 'utf8')
  expect(file.split('\r\n')[0]).toContain('cost-centre')
  expect(file).toMatch(/^tag-1,.*k-17/m)
})

test('keeps a view under a name: its search, order and columns, also after a reload [F006] [F224]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=namespace:team-b&sort=-memory')
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Node' }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Save this view' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Biggest of team B')
  await page.getByRole('button', { name: 'Save view' }).click()
  await page.goto('/virtual-machines')
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitem', { name: 'Reset to default' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('columnheader', { name: 'Node' })).toBeVisible()
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Biggest of team B' }).click()
  await expect(page).toHaveURL(/q=namespace(:|%3A)team-b&sort=-memory/)
  await expect(page.getByRole('columnheader', { name: 'Node' })).toHaveCount(0)
  await expect(page.getByRole('columnheader', { name: 'Memory' })).toHaveAttribute('aria-sort', 'descending')
})

test('boots many VMs in the groups of a label, the next when the one before runs [F228]', async ({ page, stack }) => {
  await createVm(stack, { namespace, name: 'boot-web', runStrategy: 'Halted', labels: { 'boot-order': '2' } })
  await createVm(stack, { namespace, name: 'boot-db', runStrategy: 'Halted', labels: { 'boot-order': '1' } })
  await openAs(page, stack, 'operator', '/virtual-machines?q=boot-')
  await selectAll(page, 2)
  await verb(page, 'Start…').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^Boot in groups by label/).selectOption('boot-order')
  await expect(dialog.getByText('boot-db → boot-web')).toBeVisible()
  await dialog.getByRole('button', { name: 'Start 2 VMs', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'Started: 2 VMs' })).toBeVisible({ timeout: 60_000 })
  const [db, web] = await Promise.all(['boot-db', 'boot-web'].map((name) => readVmi(stack, { namespace, name })))
  const running = db?.status?.phaseTransitionTimestamps?.find(({ phase }) => phase === 'Running')?.phaseTransitionTimestamp
  expect(Date.parse(running ?? '')).toBeGreaterThan(Date.parse(db?.metadata.creationTimestamp ?? ''))
  expect(Date.parse(web?.metadata.creationTimestamp ?? '')).toBeGreaterThanOrEqual(Date.parse(running ?? ''))
})

test('deletes many VMs, keeps the disks that one keeps, and never what others use [F039] [F229]', async ({ page, stack }) => {
  const claim = (name: string) => stack.api('admin', 'GET', `${paths.claims(namespace)}/${name}`).then(({ status }) => status)
  await createVm(stack, { namespace, name: 'heap-1', runStrategy: 'Halted', disks: ['heap-1-data'] })
  await createVm(stack, { namespace, name: 'heap-2', runStrategy: 'Halted', disks: ['heap-2-data'] })
  await createVm(stack, { namespace, name: 'other-user', runStrategy: 'Halted', claims: ['heap-2-data'] })
  await openAs(page, stack, 'operator', '/virtual-machines?q=heap-')
  await selectAll(page, 2)
  await verb(page, 'Delete…').click()
  const dialog = page.getByRole('dialog')
  const disk = (name: string) => dialog.getByRole('list', { name: 'Disks' }).getByRole('listitem').filter({ hasText: name })
  await expect(disk('heap-2-data')).toContainText('always kept')
  await disk('heap-1-data').getByRole('button', { name: 'Keep' }).click()
  await dialog.getByLabel(/^Type/).fill('delete 2 VMs')
  await dialog.getByRole('button', { name: 'Delete 2 VMs', exact: true }).click()
  await expect(dialog.getByRole('heading', { name: 'Deleted: 2 VMs' })).toBeVisible({ timeout: 30_000 })
  expect(await claim('heap-1-data')).toBe(200)
  expect(await claim('heap-2-data')).toBe(200)
})

test('the tree leads from a namespace to its groups and to the VM itself, and its counts follow the search [F225]', async ({
  page,
  stack,
}) => {
  await createVm(stack, { namespace, name: 'leaf-1', runStrategy: 'Halted', labels: { app: 'leaf' } })
  await createVm(stack, { namespace, name: 'leaf-2', runStrategy: 'Halted', labels: { app: 'leaf' } })
  await openAs(page, stack, 'operator', '/virtual-machines?q=leaf')
  const tree = page.getByRole('tree', { name: 'Namespaces' })
  await expect(tree.getByRole('treeitem', { name: 'team-a, 2 VMs' })).toBeVisible()
  await expect(tree.getByRole('treeitem', { name: 'team-b, 0 VMs' })).toBeVisible()
  await tree.getByRole('treeitem', { name: /^team-a/ }).focus()
  await page.keyboard.press('ArrowRight')
  await tree.getByRole('treeitem', { name: 'leaf, 2 VMs' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(tree.getByRole('treeitem', { name: 'leaf-1' })).toHaveAttribute('aria-level', '4')
  await tree.getByRole('treeitem', { name: 'leaf, 2 VMs' }).click()
  await expect(page).toHaveURL(/namespace(:|%3A)team-a(\+|%20)label(:|%3A)app(=|%3D)leaf/)
  await tree.getByRole('treeitem', { name: 'leaf-2' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'leaf-2' })).toBeVisible()
})
