// Working in a guest over its consoles, as a person does: type, read, type again.
import { expect, type Page } from '@playwright/test'

const toolbar = (page: Page) => page.getByRole('toolbar', { name: 'Console' })
const connected = (page: Page) => page.getByRole('status').filter({ hasText: 'Connected' })
const terminal = (page: Page) => page.getByRole('textbox', { name: /^Serial console of/ })
/** xterm's own mirror of its rows for screen readers. */
const lines = (page: Page) => page.locator('.xterm-accessibility-tree')

export async function expectConsoleConnected(page: Page, timeout = 30_000): Promise<void> {
  await expect(connected(page)).toBeVisible({ timeout })
}

export async function openScreen(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Console', exact: true }).first().click()
  await toolbar(page).getByRole('button', { name: 'Screen', exact: true }).click()
  await expectConsoleConnected(page)
}

export async function openSerial(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Console', exact: true }).first().click()
  await toolbar(page).getByRole('button', { name: 'Serial', exact: true }).click()
  await expectConsoleConnected(page)
}

/** Types lines on the screen of a guest. */
export async function typeOnScreen(page: Page, vm: string, ...typed: string[]): Promise<void> {
  await page.getByLabel(`Screen of ${vm}`).first().click()
  for (const line of typed) {
    await page.keyboard.type(line, { delay: 15 })
    await page.keyboard.press('Enter')
  }
}

/** Logs in on the serial line, from whatever it shows. */
export async function logIn(page: Page, user: string, password: string): Promise<void> {
  await terminal(page).press('Enter')
  await expect(lines(page)).toContainText('login:', { timeout: 60_000 })
  await terminal(page).pressSequentially(user)
  await terminal(page).press('Enter')
  await expect(lines(page)).toContainText('Password:')
  await terminal(page).pressSequentially(password)
  await terminal(page).press('Enter')
  await expect(lines(page)).toContainText(`${user}@`)
}

/** Runs a command on the serial line and waits for what it must print. */
export async function run(page: Page, command: string, printed?: string | RegExp): Promise<void> {
  await terminal(page).pressSequentially(command)
  await terminal(page).press('Enter')
  if (printed) await expect(lines(page)).toContainText(printed)
}
