// Where one stands in a long list: under which head, on which row, and on a phone with which menus.
import type { Page } from '@playwright/test'
import { createBareVm, createVm, paths } from './cluster.ts'
import { expect, expectAccessible, openAs, test, vmRow } from './fixtures.ts'

test.use({ stackArgs: ['--scenario', 'fleet', '--vms', '400'], stackOf: 'list-looks' })

const list = (page: Page) => page.locator('.fleetwrap')
const head = (page: Page, name: RegExp) => page.locator('tr.group').getByRole('button', { name })
const scrollTo = (page: Page, top: number) => list(page).evaluate((element, to) => element.scrollTo(0, to), top)
/** What stands at the top of the rows: the middle of the first line below the columns' heads. */
const atTop = (page: Page) =>
  list(page).evaluate((element) => {
    const { left, top } = element.getBoundingClientRect()
    const below = element.querySelector('thead')?.getBoundingClientRect().height ?? 0
    return document.elementFromPoint(left + 120, top + below + 18)?.closest('tr')?.dataset['key'] ?? ''
  })
const focused = (page: Page) => page.evaluate(() => document.activeElement?.closest('tr')?.dataset['key'] ?? '')

test('shows the head of the group that one reads, wherever in it one is, and keeps no row behind it [F225]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?group=namespace')
  await expect(page.locator('tr.group')).not.toHaveCount(0)
  const first = (await page.locator('tr.group').first().getAttribute('data-key')) ?? ''
  await scrollTo(page, 1_500)
  await expect.poll(() => atTop(page)).toBe(first)
  await expect(page.locator(`tr[data-key="${first}"]`)).toHaveCount(1)
  await expectAccessible(page)

  // Up from the first row in sight: each row that has the focus is below the head.
  await page.keyboard.press('j')
  for (let times = 0; times < 5; times += 1) await page.keyboard.press('k')
  expect(await focused(page)).not.toBe('')
  const behind = await page.evaluate(() => {
    const row = document.activeElement?.closest('tr')?.getBoundingClientRect()
    const group = document.querySelector('tr.group td')?.getBoundingClientRect()
    return row && group ? row.top < group.bottom - 1 : true
  })
  expect(behind).toBe(false)

  // Folded from amidst its rows, it is where one looks.
  await head(page, /./).first().click()
  await expect(head(page, /./).first()).toHaveAttribute('aria-expanded', 'false')
  await expect.poll(() => atTop(page)).toBe(first)
  expect(await list(page).evaluate((element) => element.scrollTop)).toBe(0)
})

test('gives the focus of a row that somebody deletes to its neighbour, and scrolls nowhere for it [F013]', async ({ page, stack }) => {
  for (const name of ['gone-1', 'gone-2', 'gone-3']) await createVm(stack, { namespace: 'team-a', name, runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=gone-')
  await vmRow(page, 'gone-2').getByRole('link').focus()
  await stack.api('admin', 'DELETE', paths.vm({ namespace: 'team-a', name: 'gone-2' }))
  await expect(vmRow(page, 'gone-3').getByRole('link')).toBeFocused()
  await page.keyboard.press('ArrowUp')
  await expect(vmRow(page, 'gone-1').getByRole('link')).toBeFocused()
  // The last of them has its neighbour above.
  await page.keyboard.press('End')
  await stack.api('admin', 'DELETE', paths.vm({ namespace: 'team-a', name: 'gone-3' }))
  await expect(vmRow(page, 'gone-1').getByRole('link')).toBeFocused()
  // Who is somewhere else stays there.
  await createVm(stack, { namespace: 'team-a', name: 'gone-4', runStrategy: 'Halted' })
  const search = page.getByRole('combobox', { name: 'Search VMs' })
  await search.focus()
  await stack.api('admin', 'DELETE', paths.vm({ namespace: 'team-a', name: 'gone-1' }))
  await expect(vmRow(page, 'gone-1')).toHaveCount(0)
  await expect(search).toBeFocused()
})

test('puts whoever stood on the last row where the list says that it has none, and nobody else [F013]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'sole-1' }
  await createBareVm(stack, vm)
  await openAs(page, stack, 'operator', '/virtual-machines?q=sole-')
  await vmRow(page, 'sole-1').getByRole('link').focus()
  await stack.api('admin', 'DELETE', paths.vm(vm))
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
  await expect(page.locator('.listempty')).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.locator('.listempty').getByRole('button', { name: 'Clear the search' })).toBeFocused()

  await createBareVm(stack, vm)
  await expect(vmRow(page, 'sole-1')).toBeVisible()
  const search = page.getByRole('combobox', { name: 'Search VMs' })
  await search.focus()
  await stack.api('admin', 'DELETE', paths.vm(vm))
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
  await expect(search).toBeFocused()
})

test('a dialog that has deleted the row it was about leaves one on the next, or where the list says that it has none [F012]', async ({
  page,
  stack,
}) => {
  for (const name of ['leave-1', 'leave-2', 'leave-3']) await createBareVm(stack, { namespace: 'team-a', name })
  await openAs(page, stack, 'operator', '/virtual-machines?q=leave-')
  await expect(vmRow(page, 'leave-3')).toBeVisible()
  const dialog = page.getByRole('dialog')
  const deleteSelected = async (what: string) => {
    await page.getByRole('toolbar').getByRole('button', { name: 'Delete…', exact: true }).click()
    await dialog.getByLabel(/^Type/).fill(`delete ${what}`)
    await dialog.getByRole('button', { name: `Delete ${what}`, exact: true }).click()
    await expect(dialog.getByRole('heading', { name: `Deleted: ${what}` })).toBeVisible({ timeout: 30_000 })
    await expect(page.getByRole('toolbar')).toHaveCount(0)
    await dialog.locator('footer').getByRole('button', { name: 'Close' }).click()
    await expect(dialog).toHaveCount(0)
  }
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await deleteSelected('1 VM')
  await expect(vmRow(page, 'leave-2').getByRole('link')).toBeFocused()
  await page.getByRole('checkbox', { name: 'Select all shown' }).click()
  await deleteSelected('2 VMs')
  await expect(page.locator('.listempty')).toBeFocused()
})

test('the tree leads from what it does not list, of a node or of an app, to the list that has it all [F225]', async ({ page, stack }) => {
  const crowd = Array.from({ length: 42 }, (_, index) => `crowd-${index}`)
  await Promise.all(crowd.map((name) => createBareVm(stack, { namespace: 'team-b', name, labels: { app: 'crowd' } })))
  await openAs(page, stack, 'operator', '/virtual-machines?sort=-memory')
  const count = page.getByRole('heading', { level: 1 })
  const open = async (name: RegExp | string) => {
    await page.getByRole('treeitem', { name }).focus()
    await page.keyboard.press('ArrowRight')
  }
  await open(/^team-b/)
  await open('crowd, 42 VMs')
  await page.getByRole('treeitem', { name: 'and 2 more' }).click()
  await expect(page).toHaveURL(/\?sort=-memory&q=namespace(:|%3A)team-b(\+|%20)label(:|%3A)app(=|%3D)crowd$/)
  await expect(count).toHaveText(/^Virtual machines42 of/)

  await page.getByRole('button', { name: 'Clear the search' }).click()
  await page.getByRole('group', { name: 'Show by' }).getByRole('button', { name: 'Nodes' }).click()
  await open(/^fra-w-02/)
  const more = page.getByRole('treeitem', { name: /^and \d+ more$/ })
  const rest = Number(/\d+/.exec((await more.getAttribute('aria-label')) ?? '')?.[0])
  await more.click()
  await expect(page).toHaveURL(/\?sort=-memory&q=node(:|%3A)fra-w-02$/)
  await expect(count).toHaveText(new RegExp(`^Virtual machines${rest + 40} of`))
})

test('leaves out the middle of a long name, for what tells names apart is at their ends [F001]', async ({ page, stack }) => {
  const long = 'integration-environment-database-replica-europe-west-0001'
  await createVm(stack, { namespace: 'team-a', name: long, runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', `/virtual-machines?q=${long}`)
  // The whole of it is what the link is called.
  const link = vmRow(page, long).getByRole('link')
  await expect(link).toBeVisible()
  await expect(link.getByText('st-0001', { exact: true })).toBeInViewport({ ratio: 1 })
  const cut = link.getByText('integration-environment-database-replica-europe-we', { exact: true })
  expect(await cut.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true)
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })

  test('counts, sorts and groups the list from a sheet, and closes it beside it without opening a VM [F225]', async ({ page, stack }) => {
    await openAs(page, stack, 'operator', '/virtual-machines?q=status:running')
    await expect(page.locator('tbody tr[data-key]').first()).toBeVisible()
    const views = page.getByRole('button', { name: 'Views' })
    await views.tap()
    const sheet = page.getByRole('menu', { name: 'Views' })
    await expect(sheet).toContainText(/\d+ of 4\d\d VMs/)
    await expectAccessible(page)
    const box = await sheet.boundingBox()
    expect(box).toMatchObject({ x: 0, width: 390 })
    expect(Math.round((box?.y ?? 0) + (box?.height ?? 0))).toBe(844)
    await page.touchscreen.tap(150, 200)
    await expect(sheet).toHaveCount(0)
    await expect(page).toHaveURL(/virtual-machines\?q=status/)

    await views.tap()
    await page.getByRole('menuitem', { name: /^Group by/ }).tap()
    await page.getByRole('menuitemradio', { name: 'Namespace' }).tap()
    await expect(page).toHaveURL(/group=namespace/)
    await expect(head(page, /^payments-prod/)).toBeVisible()
    await scrollTo(page, 1_000)
    await expect.poll(() => atTop(page)).toBe('#payments-prod')

    await views.tap()
    await page.getByRole('menuitem', { name: /^Sort by/ }).tap()
    await page.getByRole('menuitemradio', { name: 'Memory', exact: true }).tap()
    await expect(page).toHaveURL(/sort=memory/)
    await views.tap()
    await page.getByRole('menuitem', { name: /^Sort by.*Memory/ }).tap()
    await page.getByRole('menuitemradio', { name: 'Memory ascending' }).tap()
    await expect(page).toHaveURL(/sort=-memory/)
  })
})
