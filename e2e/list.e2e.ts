import { createVm, paths } from './cluster.ts'
import { expect, openAs, test, vmRow } from './fixtures.ts'

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

test('shows one namespace alone, also after a reload and to whoever is sent the address [F002]', async ({ page, stack }) => {
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

test('leads through the sign-in to the very tab of the VM that the link named [F014]', async ({ page }) => {
  await page.goto('/virtual-machines/team-a/web-01/events?type=Warning')
  await page.getByRole('button', { name: 'Sign in as operator' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  await expect(page).toHaveURL(/\/virtual-machines\/team-a\/web-01\/events\?type=Warning$/)
  await expect(page.getByRole('link', { name: /^Events/ })).toHaveAttribute('aria-current', 'page')
  await expect(page.getByRole('button', { name: /^Warnings/ })).toHaveAttribute('aria-pressed', 'true')
})
