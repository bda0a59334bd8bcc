import { createVm, paths, readVmi, type Vm } from './cluster.ts'
import { expect, expectAccessible, openAs, test, vmRow } from './fixtures.ts'

test('tells the states of VMs apart by word and by shape, not by colour alone [F004]', async ({ page, stack }) => {
  const states = [
    ['web-01', 'Running', 'running'],
    ['report-batch', 'Stopped', 'stopped'],
    ['desktop-02', 'Paused', 'paused'],
    ['shop-db-01', 'Migrating', 'transit'],
    ['ci-cache', 'Importing disk', 'transit'],
    ['shop-search-01', 'Unschedulable', 'error'],
    ['shop-payments', 'Crash loop', 'error'],
  ] as const
  await openAs(page, stack, 'operator', '/virtual-machines')
  const shapes = new Map<string, Set<string>>()
  for (const [name, word, state] of states) {
    await page.getByRole('combobox', { name: 'Search VMs' }).fill(name)
    const badge = vmRow(page, name).locator('.badge')
    await expect(badge).toContainText(word)
    await expect(badge).toHaveClass(new RegExp(`\\b${state}\\b`))
    shapes.set(state, (shapes.get(state) ?? new Set()).add(await badge.locator('svg').innerHTML()))
  }
  // One shape for each state, and another for every other.
  const drawn = [...shapes.values()].flatMap((ofState) => [...ofState])
  expect(drawn).toHaveLength(shapes.size)
  expect(new Set(drawn).size).toBe(shapes.size)
})

test('lists the VMs of every namespace, and says how many each has [F001]', async ({ page, stack }) => {
  const { items } = (await stack.api('admin', 'GET', '/apis/kubevirt.io/v1/virtualmachines')).body as { items: Vm[] }
  const counts = new Map<string, number>()
  for (const { metadata } of items) counts.set(metadata.namespace, (counts.get(metadata.namespace) ?? 0) + 1)
  expect(counts.size).toBeGreaterThanOrEqual(3)
  await openAs(page, stack, 'operator', '/virtual-machines')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Virtual machines${items.length}`)
  const tree = page.getByRole('tree', { name: 'Namespaces' })
  for (const [namespace, count] of counts)
    await expect(tree.getByRole('treeitem', { name: new RegExp(`^${namespace}, ${count} VMs?\\b`) })).toBeVisible()
})

test('fills every column from the VM and its VMI [F005]', async ({ page, stack }) => {
  await page.setViewportSize({ width: 1900, height: 900 })
  await openAs(page, stack, 'operator', '/virtual-machines?q=web-01')
  const vmi = await readVmi(stack, { namespace: 'team-a', name: 'web-01' })
  await expect(vmRow(page, 'web-01')).toBeVisible()
  const titles = await page.locator('thead th').allTextContents()
  const at = (title: string) => titles.findIndex((one) => one.startsWith(title))
  for (const [title, text] of [
    ['Status', 'Running'],
    ['Namespace', 'team-a'],
    ['Node', vmi?.status?.nodeName],
    ['CPU', '2'],
    ['Memory', '4 GiB'],
    ['Run strategy', 'Always'],
    ['OS', /Ubuntu 24\.04/],
    ['IP addresses', vmi?.status?.interfaces?.[0]?.ipAddress],
    ['Age', /^\d+ ?[smhd]/],
  ] as const) {
    expect([title, at(title) >= 0]).toEqual([title, true])
    await expect(vmRow(page, 'web-01').locator('> *').nth(at(title))).toContainText(text ?? 'nothing')
  }
})

test('shows one namespace alone, also after a reload and to whoever is sent the address [F002] [F223]', async ({
  page,
  browser,
  stack,
}) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  await page
    .getByRole('tree', { name: 'Namespaces' })
    .getByRole('treeitem', { name: /^team-b/ })
    .click()
  const onlyTeamB = async () => {
    await expect(vmRow(page, 'jumphost')).toBeVisible()
    await expect(vmRow(page, 'web-01')).toHaveCount(0)
    const { items } = (await stack.api('admin', 'GET', '/apis/kubevirt.io/v1/namespaces/team-b/virtualmachines')).body as {
      items: object[]
    }
    await expect(page.getByRole('table', { name: 'Virtual machines' })).toHaveAttribute('aria-rowcount', String(items.length + 1))
  }
  await onlyTeamB()
  await expect(page).toHaveURL(/q=namespace(:|%3A)team-b/)
  await page.reload()
  await onlyTeamB()
  await expect(page.getByRole('treeitem', { name: /^team-b/ })).toHaveAttribute('aria-selected', 'true')

  await using elsewhere = await browser.newContext({ baseURL: stack.url })
  const other = await elsewhere.newPage()
  await openAs(other, stack, 'viewer', page.url())
  await expect(vmRow(other, 'jumphost')).toBeVisible()
  await expect(vmRow(other, 'web-01')).toHaveCount(0)
  await expect(other.getByRole('button', { name: 'Remove namespace:team-b' })).toBeVisible()
})

test('a column that was put away stays away after a reload, until the columns are reset [F006]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=web-01')
  const header = (name: string) => page.getByRole('columnheader', { name, exact: true })
  const shown = () => page.getByRole('columnheader').allTextContents()
  await expect(header('Node')).toBeVisible()
  const before = await shown()
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Node' }).click()
  await page.keyboard.press('Escape')
  await expect(header('Node')).toHaveCount(0)
  await page.reload()
  await expect(vmRow(page, 'web-01')).toBeVisible()
  await expect(header('Node')).toHaveCount(0)
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitem', { name: 'Reset to default' }).click()
  await page.keyboard.press('Escape')
  await expect(header('Node')).toBeVisible()
  await page.reload()
  await expect(vmRow(page, 'web-01')).toBeVisible()
  expect(await shown()).toEqual(before)
})

test('sorts by a header as numbers, also after a reload [F007]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  const memory = page.getByRole('columnheader', { name: 'Memory' })
  await memory.getByRole('button').click()
  await expect(memory).toHaveAttribute('aria-sort', 'ascending')
  await memory.getByRole('button').click()
  await expect(memory).toHaveAttribute('aria-sort', 'descending')
  await page.reload()
  await expect(memory).toHaveAttribute('aria-sort', 'descending')
  const columns = await page.getByRole('columnheader').allTextContents()
  const at = columns.findIndex((title) => title.startsWith('Memory'))
  const cells = await page
    .locator('tbody tr[data-key]')
    .evaluateAll((rows, index) => rows.map((row) => row.children[index]?.textContent ?? ''), at)
  const bytes = cells.map((cell) => {
    const [, number = '', unit = ''] = /([\d.]+)\s*(Mi|Gi|Ti)/.exec(cell) ?? []
    return Number(number) * { Mi: 1, Gi: 1024, Ti: 1024 ** 2, '': Number.NaN }[unit as 'Mi' | 'Gi' | 'Ti' | '']
  })
  expect(bytes.length).toBeGreaterThan(10)
  expect(bytes).toEqual(bytes.toSorted((a, b) => b - a))
})

test('what a stopped VM cannot do is disabled and says why; Start is not [F010]', async ({ page, stack }) => {
  await createVm(stack, { namespace: 'team-a', name: 'at-rest', runStrategy: 'Halted' })
  await openAs(page, stack, 'operator', '/virtual-machines?q=at-rest')
  await vmRow(page, 'at-rest').getByRole('button', { name: 'Actions for at-rest' }).click()
  await expect(page.getByRole('menuitem', { name: 'Start', exact: true })).toBeEnabled()
  for (const [verb, why] of [
    ['Stop…', 'It is not running.'],
    ['Migrate…', 'Only a running VM can be migrated.'],
    ['Pause', 'Only a running VM can be paused.'],
  ] as const) {
    const item = page.getByRole('menuitem', { name: verb, exact: true })
    await expect(item).toBeDisabled()
    await expect(item).toHaveAccessibleDescription(why)
  }
})

test('shows within three seconds what others change through the API: a new VM, its state, its end [F013]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'live-one' }
  const soon = { timeout: 3_000 }
  await openAs(page, stack, 'operator', '/virtual-machines?q=live-one')
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
  await createVm(stack, vm)
  await expect(vmRow(page, 'live-one')).toContainText('Running', soon)
  await stack.api('admin', 'PUT', '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/live-one/pause', {})
  await expect(vmRow(page, 'live-one')).toContainText('Paused', soon)
  await stack.api('admin', 'PUT', '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/live-one/unpause', {})
  await expect(vmRow(page, 'live-one')).toContainText('Running', soon)
  await stack.api('admin', 'DELETE', paths.vm(vm))
  await expect(page.getByRole('heading', { name: 'Nothing matches' })).toBeVisible()
})

test('follows the link of a row without leaving the page; with Ctrl it opens in another tab, where it is the same', async ({
  page,
  context,
  stack,
}) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=web-01')
  await page.evaluate(() => Object.assign(globalThis, { stayed: true }))
  const link = vmRow(page, 'web-01').getByRole('link', { name: 'web-01' })
  const [other] = await Promise.all([context.waitForEvent('page'), link.click({ modifiers: ['ControlOrMeta'] })])
  await expect(other.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  await other.close()
  await expect(page).toHaveURL(/\/virtual-machines\?q=web-01$/)
  await link.click()
  await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  expect(await page.evaluate(() => 'stayed' in globalThis)).toBe(true)
  await page.goBack()
  await expect(link).toBeVisible()
})

test('leads through the sign-in to the very tab of the VM that the link named [F014]', async ({ page }) => {
  await page.goto('/virtual-machines/team-a/web-01/events?type=Warning')
  await page.getByRole('button', { name: 'Sign in as operator' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  await expect(page).toHaveURL(/\/virtual-machines\/team-a\/web-01\/events\?type=Warning$/)
  await expect(page.getByRole('link', { name: /^Events/ })).toHaveAttribute('aria-current', 'page')
  await expect(page.getByRole('button', { name: /^Warnings/ })).toHaveAttribute('aria-pressed', 'true')
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })

  test('a long press selects a row, taps go on, and the bar’s verbs are for them all [F011]', async ({ page, stack }) => {
    for (const name of ['press-1', 'press-2', 'press-3']) await createVm(stack, { namespace: 'team-a', name, runStrategy: 'Halted' })
    await openAs(page, stack, 'operator', '/virtual-machines?q=press-')
    await expect(vmRow(page, 'press-3')).toBeVisible()
    const bar = page.getByRole('toolbar')
    const box = await vmRow(page, 'press-1').boundingBox()
    const at = { x: (box?.x ?? 0) + 60, y: (box?.y ?? 0) + 20 }
    const browser = await page.context().newCDPSession(page)
    await browser.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] })
    await expect(bar).toContainText('1 selected')
    await browser.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    // Neither the end of the press nor a tap opens a VM now.
    await vmRow(page, 'press-2').getByRole('link').tap()
    await expect(bar).toContainText('2 selected')
    await expect(page).toHaveURL(/\/virtual-machines\?q=press-$/)
    await expect(page.locator('tbody tr[aria-selected="true"]')).toHaveCount(2)
    await vmRow(page, 'press-1').getByRole('link').tap()
    await expect(bar).toContainText('1 selected')

    const whole = await bar.boundingBox()
    expect(whole?.x).toBeGreaterThanOrEqual(0)
    expect((whole?.x ?? 0) + (whole?.width ?? 0)).toBeLessThanOrEqual(390)
    await expectAccessible(page)
    await bar.getByRole('button', { name: 'Start…', exact: true }).tap()
    await expect(page.getByRole('dialog')).toContainText('press-2')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).tap()
    await bar.getByRole('button', { name: 'Clear selection' }).tap()
    await expect(bar).toHaveCount(0)
    await vmRow(page, 'press-2').getByRole('link').tap()
    await expect(page.getByRole('heading', { level: 1, name: 'press-2' })).toBeVisible()
  })
})
