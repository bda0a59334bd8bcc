// What comes only when it is wanted opens at the first press and the first hover all the same.
import { expect, openAs, test } from './fixtures.ts'

/** Before anything but the rows was asked for. */
const atOnce = '/virtual-machines?q=namespace:team-a'

for (const [button, inside] of [
  ['More', 'Always'],
  ['Views', 'Export as CSV'],
  ['Columns', 'Compact rows'],
  ['Signed in as operator', 'Sign out'],
] as const) {
  test(`opens ${button} at the first click, and by keyboard, and gives the focus back [F008]`, async ({ page, stack }) => {
    await openAs(page, stack, 'operator', atOnce)
    const trigger = page.getByRole('button', { name: button, exact: true })
    const item = page.getByRole('menu').getByText(inside, { exact: true })
    await trigger.click()
    await expect(item).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toHaveCount(0)
    await expect(trigger).toBeFocused()
    await page.reload()
    await expect(page.getByRole('table', { name: 'Virtual machines' })).toBeVisible()
    await trigger.focus()
    await page.keyboard.press('Enter')
    await expect(item).toBeVisible()
    await expect(page.locator('[role=menu]:focus-within')).toHaveCount(1)
    await page.keyboard.press('ArrowDown')
    await expect(page.locator('[role^=menuitem][data-highlighted]')).toHaveCount(1)
    await page.keyboard.press('Escape')
    await expect(trigger).toBeFocused()
    await trigger.click()
    await expect(item).toBeVisible()
    await trigger.click()
    await expect(page.getByRole('menu')).toHaveCount(0)
  })
}

test('says what a button does when the pointer rests on it and when the keyboard is there, until Escape', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  const tip = page.locator('.tip')
  const help = page.getByRole('button', { name: 'Help and keyboard shortcuts' })
  await help.hover()
  await expect(tip).toHaveText('Help and keyboard shortcuts (?)')
  const [box, place] = [await tip.boundingBox(), await help.boundingBox()]
  // Beside its button, and within the window.
  expect(Math.abs((box?.x ?? 0) + (box?.width ?? 0) / 2 - (place?.x ?? 0))).toBeLessThan(150)
  await tip.hover()
  await expect(tip).toBeVisible()
  await page.mouse.move(700, 500)
  await expect(tip).toHaveCount(0)
  await page.getByRole('button', { name: /^Go to a VM/ }).focus()
  await page.keyboard.press('Tab')
  await expect(help).toBeFocused()
  await expect(tip).toHaveText('Help and keyboard shortcuts (?)')
  await page.keyboard.press('Escape')
  await expect(tip).toHaveCount(0)
  await page.keyboard.press('Tab')
  await expect(tip).toContainText('theme')
  await page.keyboard.press('Tab')
  await expect(tip).toHaveCount(0)
})
