import { condition, createVm, readVm, readVmi } from './cluster.ts'
import { expect, openAs, rowAction, test, vmRow } from './fixtures.ts'
import type { Page } from '@playwright/test'

const dialog = (page: Page, name: string) => page.getByRole('dialog', { name })

test('stops a VM through its stop subresource and lets the guest shut down, then starts it [F032 F033]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'stop-me' }
  await createVm(stack, vm)
  await openAs(page, stack, 'operator', '/virtual-machines/team-a/stop-me')
  await page.getByRole('button', { name: 'Stop…' }).click()
  await expect(dialog(page, 'Stop stop-me?')).toContainText('asked to shut down')
  const asked = page.waitForRequest((request) => request.url().endsWith('/virtualmachines/stop-me/stop'))
  await dialog(page, 'Stop stop-me?').getByRole('button', { name: 'Stop VM' }).click()
  // No grace period of ours: the VM's own holds.
  expect((await asked).postDataJSON()).toEqual({})
  await expect(page.locator('.dhead')).toContainText('Stopping')
  await expect(page.locator('.dhead')).toContainText('Stopped', { timeout: 30_000 })
  expect(await readVmi(stack, vm)).toBeUndefined()
  expect((await readVm(stack, vm))?.spec.runStrategy).toBe('Halted')

  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await expect(page.locator('.dhead')).toContainText('Running', { timeout: 60_000 })
  expect((await readVmi(stack, vm))?.status?.phase).toBe('Running')
})

test('cuts the power of a guest that ignores the request to shut down [F034]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'hung' }
  await createVm(stack, { ...vm, guest: { shutdown: 'ignored' } })
  await openAs(page, stack, 'operator', '/virtual-machines?q=hung')
  await rowAction(page, 'hung', 'Stop…')
  await dialog(page, 'Stop hung?').getByRole('button', { name: 'Stop VM' }).click()
  await expect(vmRow(page, 'hung')).toContainText('Stopping')
  await rowAction(page, 'hung', 'Force stop…')
  await expect(dialog(page, 'Force-stop hung?')).toContainText('at once')
  await dialog(page, 'Force-stop hung?').getByRole('button', { name: 'Force-stop VM' }).click()
  // Its grace period is half a minute: waiting for that would not pass.
  await expect(vmRow(page, 'hung')).toContainText('Stopped', { timeout: 15_000 })
  expect(await readVmi(stack, vm)).toBeUndefined()
})

test('restarts a VM: the same VM gets another instance [F035]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'again' }
  await createVm(stack, vm)
  const [vmBefore, vmiBefore] = [await readVm(stack, vm), await readVmi(stack, vm)]
  await openAs(page, stack, 'operator', '/virtual-machines/team-a/again')
  await page.getByRole('button', { name: 'Restart…' }).click()
  await dialog(page, 'Restart again?').getByRole('button', { name: 'Restart VM' }).click()
  await expect(page.getByText('Restarted again')).toBeVisible({ timeout: 60_000 })
  await expect(page.locator('.dhead')).toContainText('Running')
  expect((await readVm(stack, vm))?.metadata.uid).toBe(vmBefore?.metadata.uid)
  const vmi = await readVmi(stack, vm)
  expect(vmi?.status?.phase).toBe('Running')
  expect(vmi?.metadata.uid).not.toBe(vmiBefore?.metadata.uid)
})

test('pauses a VM and lets it go on, the same instance [F036]', async ({ page, stack }) => {
  const vm = { namespace: 'team-a', name: 'wait' }
  await createVm(stack, vm)
  const uid = (await readVmi(stack, vm))?.metadata.uid
  await openAs(page, stack, 'operator', '/virtual-machines?q=wait')
  await rowAction(page, 'wait', 'Pause')
  await expect(vmRow(page, 'wait')).toContainText('Paused')
  expect(condition(await readVmi(stack, vm), 'Paused')?.status).toBe('True')
  await rowAction(page, 'wait', 'Unpause')
  await expect(vmRow(page, 'wait')).toContainText('Running')
  expect(condition(await readVmi(stack, vm), 'Paused')?.status).not.toBe('True')
  expect((await readVmi(stack, vm))?.metadata.uid).toBe(uid)
})
