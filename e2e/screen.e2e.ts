import { expect, openAs, test } from './fixtures.ts'
import { expectConsoleConnected, logIn, openSerial, run, typeOnScreen } from './guest.ts'

test('fills the screen, shows it scaled or as it is, and only watches when told so [F136]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines/team-a/web-02/console')
  await expectConsoleConnected(page)
  const toolbar = page.getByRole('toolbar', { name: 'Console' })
  const screen = page.getByRole('application', { name: 'Screen of web-02' })
  const scale = async () => ((await screen.boundingBox())?.width ?? 0) / Number(await screen.getAttribute('width'))

  await test.step('scaling', async () => {
    await toolbar.getByRole('button', { name: 'Fit' }).click()
    await page.getByRole('menuitem', { name: 'Actual size, 1:1' }).click()
    await expect.poll(scale).toBe(1)
    await toolbar.getByRole('button', { name: '1:1' }).click()
    await page.getByRole('menuitem', { name: 'Fit to the window' }).click()
    await expect.poll(scale).not.toBe(1)
    const box = await screen.boundingBox()
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(900)
  })

  await test.step('full screen', async () => {
    const full = () => page.evaluate(() => document.fullscreenElement?.contains(document.querySelector('canvas')) ?? false)
    await toolbar.getByRole('button', { name: 'Full screen' }).click()
    await expect.poll(full).toBe(true)
    await toolbar.getByRole('button', { name: 'Leave full screen' }).click()
    await expect.poll(full).toBe(false)
  })

  await test.step('view only', async () => {
    await typeOnScreen(page, 'web-02', 'ubuntu', 'web')
    await toolbar.getByRole('button', { name: 'View only' }).click()
    await expect(page.getByText('You are watching')).toBeVisible()
    await expect(toolbar.getByRole('button', { name: 'Paste text…' })).toHaveAccessibleDescription('View only is on.')
    await typeOnScreen(page, 'web-02', 'touch watched')
    await toolbar.getByRole('button', { name: 'View only' }).click()
    await expect(page.getByText('You have control')).toBeVisible()
    await typeOnScreen(page, 'web-02', 'touch controlled')
    await openSerial(page)
    await logIn(page, 'ubuntu', 'web')
    await run(page, 'ls *ed', /ls \*ed\s*controlled/)
  })
})
