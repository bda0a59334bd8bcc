// A long list while the cluster works: everything is local, and nothing that somebody looks at or has chosen goes away.
import type { Page } from '@playwright/test'
import { create, createVm, paths } from './cluster.ts'
import { expect, openAs, test, vmRow } from './fixtures.ts'

test.use({ stackArgs: ['--scenario', 'fleet', '--vms', '400'], stackOf: 'list-live' })

const count = (page: Page) => page.getByRole('heading', { level: 1 })
const rows = (page: Page) => page.locator('tbody tr[data-key]')
const names = (page: Page) => rows(page).evaluateAll((all) => all.map((row) => row.getAttribute('data-key') ?? ''))

test('asks the server for nothing while one searches, filters and sorts, nor for a row by itself [F005] [F008] [F009]', async ({
  page,
  stack,
}) => {
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    // Scripts of menus come when the browser is at rest. It looks at its own copy of the icon whenever the address changes.
    if (pathname !== '/favicon.svg' && !pathname.startsWith('/assets/')) asked.push(`${request.method()} ${pathname}`)
  })
  await openAs(page, stack, 'operator', '/virtual-machines')
  await expect(count(page)).toHaveText(/400/)
  expect(asked.filter((one) => /virtualmachine/.test(one) && !one.includes('/api/inventory/'))).toEqual([])
  // What the page asks for once it is there has been asked for.
  await page.waitForLoadState('networkidle')

  asked.length = 0
  const search = page.getByRole('combobox', { name: 'Search VMs' })
  await search.pressSequentially('namespace:')
  await page.getByRole('option').first().click()
  await expect(count(page)).toHaveText(/of 400/)
  await search.press('Escape')
  await page
    .getByRole('group', { name: 'Filters' })
    .getByRole('button', { name: /^Running/ })
    .click()
  await page.getByRole('columnheader', { name: 'Memory' }).getByRole('button').click()
  await expect(page).toHaveURL(/sort=memory/)
  await page.goBack()
  await expect(page).not.toHaveURL(/sort=memory/)
  // That somebody is here is told once in a while, whatever one does.
  expect(asked.filter((one) => one !== 'POST /api/session')).toEqual([])
})

test('has only the rows in the page that one sees, and tells how many there are', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  const table = page.getByRole('table', { name: 'Virtual machines' })
  await expect(table).toHaveAttribute('aria-rowcount', '401')
  expect(await rows(page).count()).toBeLessThan(80)
  const [first] = await names(page)
  await page.keyboard.press('j')
  await page.keyboard.press('End')
  await expect.poll(async () => (await names(page)).includes(first ?? '')).toBe(false)
  const last = rows(page).last()
  await expect(last).toHaveAttribute('aria-rowindex', '401')
})

test('keeps what is chosen, focused and seen while VMs come, change and go above it [F013]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  await expect(count(page)).toHaveText(/400/)
  for (let times = 0; times < 60; times += 1) await page.keyboard.press('j')
  await page.keyboard.press('x')
  // Somewhere within what one sees: what comes above it may move it by a few rows.
  for (let times = 0; times < 6; times += 1) await page.keyboard.press('k')
  const focused = () => page.evaluate(() => document.activeElement?.closest('tr')?.getAttribute('data-key') ?? '')
  const selected = () => page.locator('tbody tr[aria-selected="true"]').evaluateAll((all) => all.map((row) => row.getAttribute('data-key')))
  const before = { focused: await focused(), selected: await selected() }
  expect(before.focused).not.toBe('')
  expect(before.selected).toHaveLength(1)
  const row = page.locator(`tr[data-key="${before.focused}"]`)
  await expect(row).toBeInViewport()

  for (const name of ['aaa-1', 'aaa-2', 'aaa-3']) await createVm(stack, { namespace: 'team-a', name, runStrategy: 'Halted' })
  await expect(count(page)).toHaveText(/403/)
  await expect(row).toBeInViewport()
  expect({ focused: await focused(), selected: await selected() }).toEqual(before)
  await stack.api('admin', 'DELETE', paths.vm({ namespace: 'team-a', name: 'aaa-2' }))
  await expect(count(page)).toHaveText(/402/)
  await expect(row).toBeInViewport()
  expect({ focused: await focused(), selected: await selected() }).toEqual(before)
  await page.keyboard.press('Home')
  await expect(vmRow(page, 'aaa-1')).toBeVisible()
})

test('the address has what is typed, however often rows change meanwhile, and Back brings it again [F223]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  await expect(count(page)).toHaveText(/\d+/)
  const namespace = 'team-a'
  const noise = (name: string) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { namespace, name },
    spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} }, volumes: [] } } },
  })
  let quiet = false
  let made = 0
  const changing = (async () => {
    while (!quiet) await create(stack, paths.vm({ namespace, name: '' }).slice(0, -1), noise(`noise-${made++}`))
  })()
  await expect(count(page)).toHaveText(/4[1-9]\d/)
  await page.getByRole('combobox', { name: 'Search VMs' }).pressSequentially('noise-1')
  await expect(page).toHaveURL(/q=noise-1$/, { timeout: 5_000 })
  quiet = true
  await changing
  await vmRow(page, 'noise-1').getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1, name: 'noise-1' })).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('combobox', { name: 'Search VMs' })).toHaveValue('noise-1')
})
