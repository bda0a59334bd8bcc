// Two people at one screen, each in a browser of their own that reconnects by itself.
import type { Browser, Page } from '@playwright/test'
import { expect, openAs, test, type DemoUser, type Stack } from './fixtures.ts'

const minute = 60_000
const vm = '/virtual-machines/team-a/web-02/console?kind=vnc'

/** A browser with nothing of the others; what it asked of the screen, and how. */
async function sit(browser: Browser, stack: Stack, user: DemoUser): Promise<{ page: Page; dials: string[] }> {
  const context = await browser.newContext({ baseURL: stack.url })
  const page = await context.newPage()
  await page.clock.install()
  const dials: string[] = []
  page.on('websocket', (socket) => {
    const { pathname, search } = new URL(socket.url())
    if (pathname.endsWith('/web-02/vnc')) dials.push(search)
  })
  await openAs(page, stack, user, vm)
  return { page, dials }
}

const connected = (page: Page) => page.getByRole('status').filter({ hasText: 'Connected' })
const live = (page: Page) => page.getByRole('banner').getByText('Live', { exact: true })

test('a screen goes from one to the other with a click, and in ten minutes after it with nothing else [W-13]', async ({
  browser,
  stack,
}) => {
  const first = await sit(browser, stack, 'operator')
  await expect(connected(first.page)).toBeVisible({ timeout: 30_000 })
  const second = await sit(browser, stack, 'admin')
  await expect(second.page.getByRole('button', { name: 'Take over' })).toBeVisible()
  const takeovers = () => [...first.dials, ...second.dials].filter((search) => search === '?preserveSession=false')
  expect(takeovers()).toEqual([])

  for (const [winner, loser, button] of [
    [second, first, 'Take over'],
    [first, second, 'Take it back'],
  ] as const) {
    const before = takeovers().length
    await winner.page.getByRole('button', { name: button }).click()
    await expect(loser.page.getByRole('heading', { name: 'Taken over by another session' })).toBeVisible()
    await expect(connected(winner.page)).toBeVisible()
    for (let passed = 0; passed < 10 * minute; passed += minute) {
      for (const { page } of [winner, loser]) {
        await page.clock.fastForward(minute)
        // After a leap the page connects its own stream anew, too.
        await expect(live(page)).toBeVisible({ timeout: 30_000 })
      }
      await expect(connected(winner.page)).toBeVisible()
      await expect(loser.page.getByRole('heading', { name: 'Taken over by another session' })).toBeVisible()
    }
    expect(takeovers()).toHaveLength(before + 1)
  }
  await first.page.context().close()
  await second.page.context().close()
})
