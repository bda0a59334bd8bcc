// Who is signed in to a guest, and what is mounted there, is asked for where it is shown and nowhere else.
import type { Page } from '@playwright/test'
import { expect, openAs, test, visit } from './fixtures.ts'

const guest = /\/virtualmachineinstances\/([^/]+)\/(guestosinfo|userlist|filesystemlist)$/

/** What the page has asked guests for: `web-01 userlist`. */
function guestRequests(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request) => {
    const [, name, what] = guest.exec(new URL(request.url()).pathname) ?? []
    if (name) asked.push(`${name} ${what}`)
  })
  return asked
}

test('asks a guest who is signed in on the overview of its VM alone, and no more once that is left [L-08]', async ({ page, stack }) => {
  await page.clock.install()
  const asked = guestRequests(page)
  const vm = '/virtual-machines/team-a/web-01'
  const live = page.getByRole('banner').getByText('Live', { exact: true })
  await openAs(page, stack, 'admin', '/virtual-machines')
  for (const path of [
    '/virtual-machines',
    '/virtual-machines?view=tree',
    '/migrations',
    '/snapshots',
    '/volumes',
    '/nodes',
    '/templates',
    '/activity',
    '/access',
    `${vm}/events`,
    `${vm}/snapshots`,
    `${vm}/yaml`,
    `${vm}/console?kind=serial`,
    `${vm}/console?kind=vnc`,
  ]) {
    await visit(page, path)
    await expect(live).toBeVisible()
  }
  expect(asked).toEqual([])

  const tab = (name: string) => page.getByRole('navigation', { name: 'Pages of web-01' }).getByRole('link', { name })
  await tab('Overview').click()
  await expect(page.getByText('Signed in', { exact: true })).toBeVisible()
  await expect.poll(() => asked.toSorted()).toEqual(['web-01 guestosinfo', 'web-01 userlist'])
  await tab('Events').click()
  await expect(page.getByText('Signed in', { exact: true })).toHaveCount(0)
  await page.clock.fastForward('02:00')
  await tab('Snapshots').click()
  await expect(page).toHaveURL(/\/snapshots$/)
  await expect(live).toBeVisible()
  expect(asked).toHaveLength(2)
})
