// What a list looks like and can be asked to look like again: groups, saved views, the address that holds it all, and a file.
import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { createBareVm, createVm } from './cluster.ts'
import { expect, expectAccessible, openAs, test, vmRow } from './fixtures.ts'

const group = (page: Page, name: RegExp) => page.locator('tr.group').filter({ has: page.getByRole('button', { name }) })
const head = (page: Page, name: RegExp) => group(page, name).getByRole('button', { name })

async function viewsMenu(page: Page, ...items: string[]) {
  await expect(page.locator('tbody tr[data-key]').first()).toBeVisible()
  await page.getByRole('button', { name: 'Views' }).click()
  for (const [index, name] of items.entries()) {
    const role = index === 0 ? 'menuitem' : 'menuitemradio'
    await page.getByRole(role, { name: new RegExp(`^${name}`) }).click()
  }
}

test('groups the list, counts what the search leaves, folds by key and takes a whole group at once [F225]', async ({ page, stack }) => {
  for (const [namespace, name] of [
    ['team-a', 'grp-1'],
    ['team-a', 'grp-2'],
    ['team-b', 'grp-3'],
  ] as const)
    await createVm(stack, { namespace, name, runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=grp')
  await expect(vmRow(page, 'grp-3')).toBeVisible()
  await viewsMenu(page, 'Group by', 'Namespace')
  await expect(page).toHaveURL(/\?q=grp&group=namespace$/)
  await expect(page.locator('tr.group')).toHaveText([/team-a\s*2/, /team-b\s*1/])
  await expectAccessible(page)

  await page.getByRole('combobox', { name: 'Search VMs' }).fill('grp-1')
  await expect(page.locator('tr.group')).toHaveText([/team-a\s*1/])
  await page.getByRole('combobox', { name: 'Search VMs' }).fill('grp')
  await expect(page.locator('tr.group')).toHaveCount(2)

  await head(page, /team-a/).focus()
  await page.keyboard.press('ArrowLeft')
  await expect(head(page, /team-a/)).toHaveAttribute('aria-expanded', 'false')
  await expect(vmRow(page, 'grp-1')).toHaveCount(0)
  await page.keyboard.press('j')
  await expect(head(page, /team-b/)).toBeFocused()
  await page.keyboard.press('j')
  await expect(vmRow(page, 'grp-3').getByRole('link')).toBeFocused()
  await page.keyboard.press('ArrowLeft')
  await expect(head(page, /team-b/)).toBeFocused()
  await page.keyboard.press('k')
  await page.keyboard.press('x')
  await expect(group(page, /team-a/).getByRole('checkbox')).toBeChecked()
  await expect(page.getByRole('toolbar')).toContainText('2 selected')
  await page.keyboard.press('ArrowRight')
  await expect(vmRow(page, 'grp-2')).toHaveAttribute('aria-selected', 'true')
  await group(page, /team-b/)
    .getByRole('checkbox')
    .click()
  await expect(page.getByRole('toolbar')).toContainText('3 selected')
  await group(page, /team-a/)
    .getByRole('checkbox')
    .click()
  await expect(page.getByRole('toolbar')).toContainText('1 selected')

  await page.reload()
  await expect(page.locator('tr.group')).toHaveCount(2)
  await page
    .getByRole('tree', { name: 'Namespaces' })
    .getByRole('treeitem', { name: /^team-b/ })
    .click()
  await expect(page).toHaveURL(/group=namespace/)
  await expect(page.locator('tr.group')).toHaveText([/team-b\s*1/])
})

test('saves views with their groups, renames and removes them, and opens the list with one of them [F224]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=namespace:team-a&sort=-memory&group=node')
  const save = async (name: string) => {
    await viewsMenu(page, 'Save this view')
    await page.getByRole('dialog').getByLabel('Name').fill(name)
    await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click()
    await expect(page.getByRole('dialog')).toHaveCount(0)
  }
  await save('By node')
  await page.goto('/virtual-machines?q=status:failing')
  await save('Broken')
  await viewsMenu(page, 'Manage views')
  const dialog = page.getByRole('dialog', { name: 'Views of virtual machines' })
  await dialog.getByLabel('Name of Broken').fill('By node')
  await expect(dialog.getByText('Another view is called that.').first()).toBeVisible()
  await dialog.getByRole('button', { name: 'Remove Broken' }).click()
  await dialog.getByLabel('Name of By node').fill('Team A by node')
  await dialog.getByLabel('The list opens with').selectOption('Team A by node')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Save' }).click()

  await page.goto('/virtual-machines')
  await expect(page).toHaveURL(/q=namespace(:|%3A)team-a&sort=-memory&group=node$/)
  await expect(page.locator('tr.group').first()).toBeVisible()
  // What is asked for by address is what shows.
  await page.goto('/virtual-machines?q=namespace:team-b')
  await expect(vmRow(page, 'desktop-01')).toBeVisible()
  await expect(page.locator('tr.group')).toHaveCount(0)
  await page.getByRole('button', { name: 'Views' }).click()
  await expect(page.getByRole('menuitem', { name: 'Broken' })).toHaveCount(0)
  await page.getByRole('menuitem', { name: /^Team A by node/ }).click()
  await expect(page).toHaveURL(/group=node$/)
  // Each list has views of its own, and a view leaves alone what is not the list's.
  await page.goto('/templates?view=table&q=os:debian')
  await save('Debians')
  await page.getByRole('button', { name: 'Remove os:debian' }).click()
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: /^Debians/ }).click()
  await expect(page).toHaveURL(/templates\?view=table&q=os(:|%3A)debian$/)
  await page.goto('/volumes')
  await page.getByRole('button', { name: 'Views' }).click()
  await expect(page.getByRole('menuitem', { name: 'Manage views' })).toHaveCount(0)
})

test('who clears the search comes back to the whole list, and who comes anew to the view that opens it [F224]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=namespace:team-a')
  await viewsMenu(page, 'Save this view')
  await page.getByRole('dialog').getByLabel('Name').fill('Team A')
  await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click()
  await viewsMenu(page, 'Manage views')
  await page.getByRole('dialog').getByLabel('The list opens with').selectOption('Team A')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()

  await page.getByRole('button', { name: 'Clear the search' }).click()
  await vmRow(page, 'desktop-01').getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1, name: 'desktop-01' })).toBeVisible()
  const search = page.getByRole('combobox', { name: 'Search VMs' })
  await page.goBack()
  await search.fill('desktop-01')
  await expect(page).toHaveURL(/machines\?q=desktop-01$/)
  await search.fill('')
  await expect(page).toHaveURL(/machines$/)
  await page.reload()
  await search.fill('desktop-01')
  await expect(page).toHaveURL(/machines\?q=desktop-01$/)
  await page.goto('/volumes')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Virtual machines' }).click()
  await expect(page).toHaveURL(/q=namespace:team-a$/)
})

for (const [path, query, sort, column, by] of [
  ['/volumes', 'namespace:team-a', '-size', 'Size', 'class'],
  ['/snapshots', 'namespace:team-a', 'vm', 'VM', 'vm'],
  ['/nodes', 'status:ready', '-vms', 'VMs', 'zone'],
  ['/migrations', 'status:moving', 'vm', 'VM', 'namespace'],
  ['/templates?view=table', 'status:ready', '-memory', 'Memory', 'os'],
  ['/activity', 'user:admin', 'user', 'User', 'action'],
] as const)
  test(`an address of ${path} brings its search, order and groups with it [F223]`, async ({ page, stack }) => {
    await openAs(page, stack, 'admin', `${path}${path.includes('?') ? '&' : '?'}q=${query}&sort=${sort}&group=${by}`)
    await expect(page.getByRole('button', { name: `Remove ${query}` })).toBeVisible()
    await expect(page.locator('tr.group').first()).toBeVisible()
    await expect(page.getByRole('columnheader', { name: column, exact: true })).toHaveAttribute(
      'aria-sort',
      sort.startsWith('-') ? 'descending' : 'ascending',
    )
    await page.getByRole('button', { name: `Remove ${query}` }).click()
    await expect(page).toHaveURL(new RegExp(`sort=${sort}&group=${by}$`))
  })

test('views and columns are those of all tabs: what is kept in one is not undone by another [F006] [F224]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=web')
  const other = await page.context().newPage()
  await other.goto('/virtual-machines?q=db')
  const save = async (tab: Page, name: string) => {
    await viewsMenu(tab, 'Save this view')
    await tab.getByRole('dialog').getByLabel('Name').fill(name)
    await tab.getByRole('dialog').getByRole('button', { name: 'Save view' }).click()
    await expect(tab.getByRole('dialog')).toHaveCount(0)
  }
  const column = (tab: Page, name: string) => tab.getByRole('columnheader', { name, exact: true })
  await save(other, 'From the other tab')
  await other.getByRole('button', { name: 'Columns' }).click()
  await other.getByRole('menuitemcheckbox', { name: 'Instance type' }).click()
  await expect(column(page, 'Instance type')).toBeVisible()
  await save(page, 'From this one')
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Age' }).click()
  await page.reload()
  await expect(column(page, 'Instance type')).toBeVisible()
  await expect(column(page, 'Age')).toHaveCount(0)
  await page.getByRole('button', { name: 'Views' }).click()
  for (const name of ['From the other tab', 'From this one']) await expect(page.getByRole('menuitem', { name })).toBeVisible()
})

test('a view brings its columns with it, and the list’s own are as they were when it is left [F006] [F224]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=namespace:team-a')
  const column = (name: string) => page.getByRole('columnheader', { name, exact: true })
  const toggle = async (name: string) => {
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('menuitemcheckbox', { name }).click()
    await page.keyboard.press('Escape')
  }
  const views = async (item: string) => {
    await viewsMenu(page, item)
    await expect(page.getByRole('menu')).toHaveCount(0)
  }
  await toggle('Instance type')
  await views('Save this view')
  await page.getByRole('dialog').getByLabel('Name').fill('Types of team A')
  await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click()
  await toggle('Instance type')
  await expect(column('Instance type')).toHaveCount(0)

  await views('Types of team A')
  await expect(column('Instance type')).toBeVisible()
  // It stays on while one searches on within it, opens a VM or loads the page again.
  await page.getByRole('combobox', { name: 'Search VMs' }).fill('web-01')
  await expect(page).toHaveURL(/team-a\+web-01$/)
  await vmRow(page, 'web-01').getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  await page.goBack()
  await page.reload()
  await expect(column('Instance type')).toBeVisible()
  // What is changed meanwhile is the view's for now, and the list's own not at all.
  await toggle('Age')
  await expect(column('Age')).toHaveCount(0)
  await views('All VMs')
  await expect(page).toHaveURL(/virtual-machines$/)
  await expect(column('Instance type')).toHaveCount(0)
  await expect(column('Age')).toBeVisible()
  await page.goBack()
  await expect(column('Instance type')).toBeVisible()
  await expect(column('Age')).toHaveCount(0)

  // Saved again, it has the name already.
  await views('Save this view')
  await page.getByRole('dialog').getByRole('button', { name: 'Replace view' }).click()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Virtual machines' }).click()
  await expect(column('Age')).toBeVisible()
  await views('Types of team A')
  await expect(page).toHaveURL(/team-a\+web-01$/)
  await expect(column('Age')).toHaveCount(0)
  // The last of its search takes the view off.
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await expect(column('Age')).toBeVisible()
  await expect(column('Instance type')).toHaveCount(0)
})

test('exports what is selected alone, as it is shown and then what the search hides of it [F226]', async ({ page, stack }) => {
  for (const name of ['csv-1', 'csv-2', 'csv-3', 'csv-4']) await createBareVm(stack, { namespace: 'team-a', name })
  await openAs(page, stack, 'operator', '/virtual-machines?q=csv-&sort=-name')
  for (const name of ['csv-1', 'csv-2', 'csv-4']) await vmRow(page, name).getByRole('checkbox').click()
  const rowsOf = async (item: string) => {
    const download = page.waitForEvent('download')
    await viewsMenu(page, item)
    const lines = (await readFile(await (await download).path(), 'utf8')).split('\r\n')
    return lines.slice(1, -1).map((line) => line.split(',')[0])
  }
  await page.getByRole('combobox', { name: 'Search VMs' }).fill('csv- -name:csv-1 ')
  await expect(vmRow(page, 'csv-1')).toHaveCount(0)
  expect(await rowsOf('Export 3 selected as CSV')).toEqual(['csv-4', 'csv-2', 'csv-1'])
  expect(await rowsOf('Export as CSV')).toEqual(['csv-4', 'csv-3', 'csv-2'])
})
