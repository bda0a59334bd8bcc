// Emptying a node, and who may not. The nodes are changed: the stack is this file's own.
import type { Page } from '@playwright/test'
import { create, paths, readVm } from './cluster.ts'
import { expect, expectAccessible, openAs, rowAction, test, vmRow, type Stack } from './fixtures.ts'

test.use({ stackOf: 'drain' })
test.describe.configure({ mode: 'serial' })

const panel = (page: Page, node: string) => page.getByRole('complementary', { name: `Drain ${node}` })

async function uncordon(stack: Stack, name: string) {
  const { body } = await stack.api('admin', 'GET', `/api/v1/nodes/${name}`)
  const { status } = await stack.api('admin', 'PUT', `/api/v1/nodes/${name}`, { ...body, spec: {} })
  expect(status).toBe(200)
}

test('drains a node: says what blocks and why, moves the rest also while the panel is closed, and names what came of each [F125] [F243]', async ({
  page,
  stack,
}) => {
  await openAs(page, stack, 'operator', '/nodes?drain=fra-w-01')
  const plan = panel(page, 'fra-w-01')
  const blocked = plan.getByRole('region', { name: 'Blocked' })
  await expect(blocked).toContainText('db-01')
  await expect(blocked).toContainText('A disk can be used on one node only')
  await expect(blocked).toContainText('ReadWriteMany')
  const count = await plan.getByRole('region', { name: 'Move' }).getByRole('listitem').count()
  await plan.getByRole('button', { name: `Drain ${count} VMs` }).click()
  await expect(plan.getByRole('status').first()).toContainText(`Draining: 0 of ${count}`)
  await expect(plan.getByRole('region', { name: 'Stays here' })).toContainText('db-01')
  await plan.getByRole('button', { name: 'Close' }).click()
  await expect(plan).toHaveCount(0)
  await expect(vmRow(page, 'fra-w-01')).toContainText(`of ${count}`)
  await expect(page.getByText('Drained fra-w-01')).toBeVisible({ timeout: 100_000 })
  await expect(vmRow(page, 'fra-w-01')).toContainText('Cordoned')
  await rowAction(page, 'fra-w-01', 'Drain…')
  await expect(plan.getByRole('list', { name: 'Results' }).getByText('Gone from here')).toHaveCount(count)
  await uncordon(stack, 'fra-w-01')
})

test('a drain begins no more when it is told so, and goes on where it stopped [F125]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/nodes?drain=fra-w-02')
  const plan = panel(page, 'fra-w-02')
  const results = plan.getByRole('list', { name: 'Results' })
  await plan.getByRole('button', { name: /^Drain \d+ VMs$/ }).click()
  await plan.getByRole('button', { name: 'Begin no more' }).click()
  await expect(plan.getByRole('status').first()).toContainText('Not all of them left', { timeout: 100_000 })
  await expect(results.getByText('Not begun').first()).toBeVisible()
  await plan.getByRole('button', { name: 'Go on' }).click()
  await expect(plan.getByRole('status').first()).toContainText('Draining')
})

test('a VM that may run nowhere else stays, and who would stop it is told whom that hurts [F125] [F243]', async ({ page, stack }) => {
  const labels = { app: 'pinned' }
  const metadata = { namespace: 'team-a', name: 'pinned' }
  await create(stack, '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata,
    spec: {
      runStrategy: 'Always',
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': 'fra-w-03' },
          domain: { cpu: { cores: 1 }, memory: { guest: '256Mi' }, devices: {} },
        },
      },
    },
  })
  await expect.poll(async () => (await readVm(stack, metadata))?.status?.printableStatus, { timeout: 60_000 }).toBe('Running')
  await create(stack, '/apis/policy/v1/namespaces/team-a/poddisruptionbudgets', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  })
  await openAs(page, stack, 'operator', '/nodes?drain=fra-w-03')
  const blocked = panel(page, 'fra-w-03').getByRole('region', { name: 'Blocked' }).getByRole('listitem').filter({ hasText: 'pinned' })
  await expect(blocked).toContainText('will do: lacks label kubernetes.io/hostname=fra-w-03')
  await expect(blocked).toContainText('PodDisruptionBudget pinned lets none of its pods go now: to stop this VM goes against it.')
  await expectAccessible(page)
  // The plan is as live as the list.
  await stack.api('admin', 'DELETE', paths.vm(metadata))
  await expect(blocked).toHaveCount(0)
})

test('who sees the nodes but may not change them can neither cordon nor drain, and is told why and what would allow it [F124] [F125]', async ({
  page,
  stack,
}) => {
  const apiGroup = 'rbac.authorization.k8s.io'
  await create(stack, `/apis/${apiGroup}/v1/clusterroles`, {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'sees-nodes' },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
  })
  await create(stack, `/apis/${apiGroup}/v1/clusterrolebindings`, {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'sees-nodes' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'sees-nodes' },
    subjects: [{ apiGroup, kind: 'User', name: 'viewer' }],
  })
  await openAs(page, stack, 'viewer', '/nodes')
  await page.getByRole('button', { name: 'Actions for fra-w-03' }).click()
  const cordon = page.getByRole('menuitem', { name: 'Cordon', exact: true })
  await expect(cordon).toHaveAttribute('aria-disabled', 'true')
  await expect(cordon).toHaveAccessibleDescription('You may not patch nodes.')
  await page.getByRole('menuitem', { name: 'Drain…' }).click()

  const plan = panel(page, 'fra-w-03')
  await expect(plan.getByRole('region', { name: 'On their way' })).toContainText('shop-db-01')
  await expect(plan.getByText('You may not patch nodes').first()).toBeVisible()
  await expect(plan.getByRole('button', { name: 'Cordon only' })).toHaveAttribute('aria-disabled', 'true')
  await expect(plan.getByRole('button', { name: /^Drain \d+ VM/ })).toHaveAttribute('aria-disabled', 'true')
  await expectAccessible(page)
  await plan.getByRole('button', { name: 'What would allow it' }).click()
  await expect(page.getByRole('dialog')).toContainText('nodes')
  // And the API server, were it asked, says no.
  const { body } = await stack.api('viewer', 'GET', '/api/v1/nodes/fra-w-03')
  expect((await stack.api('viewer', 'PUT', '/api/v1/nodes/fra-w-03', { ...body, spec: { unschedulable: true } })).status).toBe(403)
  expect((await stack.api('admin', 'GET', '/api/v1/nodes/fra-w-03')).body).not.toMatchObject({ spec: { unschedulable: true } })
})
