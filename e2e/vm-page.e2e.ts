import { condition, create, createVm, paths, readVm, readVmi } from './cluster.ts'
import { expect, openAs, test } from './fixtures.ts'
import type { Page } from '@playwright/test'
import { parse } from 'yaml'

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
/** What stands beside, or below, a word of a list of facts. */
const fact = (page: Page, of: string, label: string) =>
  panel(page, of).getByRole('term').getByText(label, { exact: true }).locator('xpath=ancestor-or-self::dt/following-sibling::dd[1]')

test('shows the facts of the API objects: namespace, status, node, addresses, created, run strategy, UID [F016]', async ({
  page,
  stack,
}) => {
  const ref = { namespace: 'team-a', name: 'web-01' }
  const [vm, vmi] = [await readVm(stack, ref), await readVmi(stack, ref)]
  if (!vm || !vmi) throw new Error('web-01 runs in this scenario')
  await openAs(page, stack, 'viewer', '/virtual-machines/team-a/web-01')
  await expect(page.locator('.dhead')).toContainText(vm.status?.printableStatus ?? 'no status')
  await expect(fact(page, 'VM', 'Namespace')).toHaveText('team-a')
  await expect(fact(page, 'VM', 'Node')).toHaveText(vmi.status?.nodeName ?? 'no node')
  await expect(fact(page, 'VM', 'IP addresses')).toContainText(vmi.status?.interfaces?.[0]?.ipAddress ?? 'no address')
  await expect(fact(page, 'VM', 'Run strategy')).toHaveText(vm.spec.runStrategy ?? 'no run strategy')
  await expect(fact(page, 'VM', 'UID').getByTitle(vm.metadata.uid)).toBeVisible()
  const created = new Date(vm.metadata.creationTimestamp)
  const day = created.toLocaleString('en-US', { month: 'short', day: 'numeric' })
  await expect(fact(page, 'VM', 'Created')).toContainText(day)
  await expect(fact(page, 'VM', 'Created')).toContainText(created.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' }))
})

test('shows what the guest agent says; without one it explains what is missing and how to get it [F017]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines/team-a/web-01')
  const { body: info } = await stack.api(
    'admin',
    'GET',
    `/apis/subresources.kubevirt.io/v1${paths.vmi({ namespace: 'team-a', name: 'web-01' }).slice('/apis/kubevirt.io/v1'.length)}/guestosinfo`,
  )
  const { hostname, os } = info as { hostname: string; os: { prettyName: string; kernelRelease: string } }
  await expect(fact(page, 'Guest', 'System')).toHaveText(os.prettyName)
  await expect(fact(page, 'Guest', 'Kernel')).toHaveText(os.kernelRelease)
  await expect(fact(page, 'Guest', 'Host name')).toHaveText(hostname)

  await page.goto('/virtual-machines/shop/shop-cache-01')
  await expect(panel(page, 'Guest')).toContainText('No guest agent')
  await expect(panel(page, 'Guest')).toContainText('Install and start qemu-guest-agent in the guest')
  await expect(panel(page, 'Guest').getByRole('term').getByText('Host name')).toHaveCount(0)
})

test('lists the conditions, and of LiveMigratable=False the message of the API [F018]', async ({ page, stack }) => {
  const migratable = condition(await readVmi(stack, { namespace: 'team-a', name: 'db-01' }), 'LiveMigratable')
  expect(migratable?.status).toBe('False')
  await openAs(page, stack, 'viewer', '/virtual-machines/team-a/db-01')
  const line = panel(page, 'Conditions').getByRole('listitem').filter({ hasText: 'LiveMigratable=False' }).first()
  await expect(line).toContainText(migratable?.message ?? 'no message')
  await expect(panel(page, 'Conditions').getByRole('listitem').filter({ hasText: 'Ready=True' }).first()).toBeVisible()
})

test('shows the live object as YAML, with managedFields when asked [F024]', async ({ page, stack, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const path = paths.vm({ namespace: 'team-b', name: 'report-batch' })
  const object = async () => (await stack.api('admin', 'GET', path)).body as { metadata: { managedFields?: object[] } }
  const copied = async () => {
    await page.getByRole('button', { name: 'Copy YAML' }).click()
    return parse(await page.evaluate(() => navigator.clipboard.readText())) as unknown
  }
  await openAs(page, stack, 'operator', '/virtual-machines/team-b/report-batch/yaml')
  await expect(page.getByLabel('YAML of VirtualMachine report-batch')).toContainText('runStrategy: Manual')
  const { metadata, ...rest } = await object()
  await stack.api('admin', 'PUT', path, { metadata: { ...metadata, labels: { quarter: 'third' } }, ...rest })
  await expect(page.getByLabel('YAML of VirtualMachine report-batch')).toContainText('quarter: third')

  const { managedFields, ...shown } = (await object()).metadata
  expect(managedFields?.length).toBeGreaterThan(0)
  // The clipboard is written in its own time.
  await expect.poll(copied).toEqual({ ...(await object()), metadata: shown })
  await page.getByRole('switch', { name: 'managedFields' }).click()
  await expect.poll(copied).toEqual(await object())
})

test('gathers the events of the VM, its instance, its launcher pod and its disks, and adds new ones as they happen [F028]', async ({
  page,
  stack,
}) => {
  const namespace = 'team-a'
  await createVm(stack, { namespace, name: 'eventful', disks: ['eventful-data'] })
  const vm = await readVm(stack, { namespace, name: 'eventful' })
  await openAs(page, stack, 'viewer', '/virtual-machines/team-a/eventful/events')
  const rows = page.getByRole('group', { name: 'Events' }).getByRole('row')
  for (const object of ['VM eventful', 'VMI eventful', 'DataVolume eventful-data'])
    await expect(rows.filter({ hasText: object }).first()).toBeVisible()
  await expect(rows.filter({ hasText: 'Pod virt-launcher-eventful' }).first()).toBeVisible()
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  await create(stack, `/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: 'eventful.1' },
    involvedObject: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', namespace, name: 'eventful', uid: vm?.metadata.uid },
    type: 'Warning',
    reason: 'SomethingHappened',
    message: 'It was seen at once',
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    source: { component: 'e2e' },
  })
  await expect(rows.filter({ hasText: 'SomethingHappened' })).toContainText('It was seen at once')
})
