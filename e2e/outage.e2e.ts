// What one sees while the server or the cluster does not answer, and afterwards.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startScript } from '../dev/spawned-stack.ts'
import { expect, expectAccessible, noisyConsole, openAs, test as base, vmRow } from './fixtures.ts'

base(
  'says since when the list is stale while the server is silent, keeps showing it, and goes on by itself [F015] [F250]',
  async ({ page, stack }) => {
    await openAs(page, stack, 'operator', '/virtual-machines?q=web-01')
    await expect(vmRow(page, 'web-01')).toContainText('Running')
    try {
      stack.freeze()
      const banner = page.getByRole('status').filter({ hasText: /Stale since \d\d:\d\d:\d\d/ })
      await expect(banner).toBeVisible({ timeout: 30_000 })
      await expect(banner.getByRole('button', { name: 'Reconnect now' })).toBeVisible()
      await expect(vmRow(page, 'web-01')).toContainText('Running')
      await expectAccessible(page)
    } finally {
      stack.thaw()
    }
    await expect(page.getByText('Stale since')).toHaveCount(0, { timeout: 45_000 })
    await expect(page.getByRole('banner').getByText('Live', { exact: true })).toBeVisible()
  },
)

/** A cluster that a test may kill, and a server that was pointed at it with a kubeconfig. */
type Outage = { link: string; end: () => Promise<void>; begin: () => Promise<void> }

const test = base.extend<{ outage: Outage }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs from its parameters
  outage: async ({}, provide) => {
    const stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-outage-'))
    const kubeconfig = join(stateDir, 'kubeconfig')
    const startCluster = (port: string) =>
      startScript('dist/sim-cluster.js', ['--port', port, '--state-dir', stateDir, '--kubeconfig-out', kubeconfig], /"url":"(\S+?:(\d+))"/)
    let cluster = await startCluster('0')
    const [, , port = ''] = cluster.ready
    const server = await startScript('dev/start.mjs', ['--port', '0', '--kubeconfig', kubeconfig, '--context', 'operator'], /ready: (\S+)/)
    const [, link = ''] = server.ready
    await provide({
      link,
      begin: () => cluster.stop(),
      end: async () => {
        cluster = await startCluster(port)
      },
    })
    await server.stop()
    await cluster.stop()
    await rm(stateDir, { recursive: true, force: true })
  },
  baseURL: async ({ outage }, provide) => provide(new URL(outage.link).origin),
  // What is asked while the cluster is down is answered with 503, which Chromium writes to the console.
  ...noisyConsole,
})

test('shows what it knows while the cluster is down, says so, also after a reload, and is live again when it is back [F015] [F250]', async ({
  page,
  outage,
}) => {
  const stale = page.getByRole('status').filter({ hasText: 'The cluster does not answer' })
  await page.goto(outage.link)
  await expect(vmRow(page, 'api-01')).toContainText('Running')

  await outage.begin()
  await expect(stale).toContainText(/Stale since \d\d:\d\d:\d\d/, { timeout: 30_000 })
  await expect(vmRow(page, 'api-01')).toContainText('Running')
  await expectAccessible(page)
  await page.reload()
  await expect(stale).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()

  await outage.end()
  await expect(page.getByRole('banner').getByText('Live', { exact: true })).toBeVisible({ timeout: 60_000 })
  await expect(vmRow(page, 'api-01')).toContainText('Running')
  await expect(stale).toHaveCount(0)
})
