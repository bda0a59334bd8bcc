// What VMs use, in the list: as the simulated cluster's Prometheus measures it.
import { expect, expectAccessible, openAs, rowAction, test, vmRow } from './fixtures.ts'

test.use({ stackOf: 'usage' })

const meter = (row: ReturnType<typeof vmRow>, name: string) => row.getByRole('meter', { name })

test('shows beside each size how much of it is in use, and nothing for what does not run [F227]', async ({ page, stack }) => {
  await openAs(page, stack, 'viewer', '/virtual-machines')
  const web = vmRow(page, 'web-01')
  await expect(meter(web, 'CPU use')).toHaveAttribute('aria-valuetext', /^\d+(\.\d+)? of 2 vCPU$/)
  await expect(meter(web, 'CPU use')).toHaveAttribute('title', /of 2 vCPU/)
  await expect(meter(web, 'Memory use')).toHaveAttribute('aria-valuetext', /^\d+(\.\d+)? (MiB )?of 4 GiB$/)
  const percent = Number(await meter(web, 'Memory use').getAttribute('aria-valuenow'))
  expect(percent).toBeGreaterThan(0)
  expect(percent).toBeLessThan(100)
  // A paused guest holds its memory and works no more.
  await expect(meter(vmRow(page, 'desktop-02'), 'Memory use')).toBeVisible()
  await expect(meter(vmRow(page, 'desktop-02'), 'CPU use')).toHaveCount(0)
  for (const name of ['report-batch', 'ci-cache', 'image-builder']) await expect(vmRow(page, name).getByRole('meter')).toHaveCount(0)
  await expectAccessible(page)
  await page.emulateMedia({ colorScheme: 'light' })
  await expectAccessible(page, { onlyColours: true })
})

test('sorts by use, says it in figures, exports and searches it [F227] [F226] [F223]', async ({ page, stack }) => {
  await openAs(page, stack, 'viewer', '/virtual-machines')
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Memory use' }).click()
  await page.keyboard.press('Escape')
  const head = page.getByRole('columnheader', { name: 'Memory use' })
  await head.getByRole('button').click()
  await head.getByRole('button').click()
  await expect(head).toHaveAttribute('aria-sort', 'descending')
  const shown = async () => {
    const texts = await page.locator('tbody td', { hasText: /^\d+% / }).allInnerTexts()
    return texts.map((text) => Number.parseInt(text))
  }
  await expect.poll(async () => (await shown()).length).toBeGreaterThan(5)
  const percents = await shown()
  expect(percents).toEqual(percents.toSorted((a, b) => b - a))

  // A little less, for it goes on changing.
  const much = (percents[0] ?? 0) - 3
  await page.getByRole('combobox', { name: 'Search VMs' }).fill(`memoryuse:>=${much} `)
  await expect(vmRow(page, 'report-batch')).toHaveCount(0)
  await expect.poll(async () => Math.min(...(await shown()))).toBeGreaterThanOrEqual(much)
  await expect(page.locator('tbody').getByRole('meter', { name: 'Memory use' }).first()).toBeVisible()

  const exported = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: /CSV/ }).click()
  const csv = (await (await exported).createReadStream()).setEncoding('utf8')
  let text = ''
  for await (const chunk of csv) text += String(chunk)
  expect(text.split('\r\n')[0]).toContain('Memory use (%)')
  expect(text.split('\r\n')[1]).toMatch(/,\d+(\.\d)?,/)
})

test('takes the bars of a VM away that stops, and says in words on its page what it used [F227]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines?q=namespace:shop')
  const row = vmRow(page, 'shop-web-02')
  await expect(meter(row, 'CPU use')).toBeVisible()
  await row.getByRole('link', { name: 'shop-web-02' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'shop-web-02' })).toBeVisible()
  const facts = page.getByRole('main')
  await expect(facts.getByRole('meter', { name: 'CPU use' })).toHaveAttribute('title', /of 1 vCPU/)
  await expect(facts.getByRole('meter', { name: 'Memory use' })).toBeVisible()
  await page.goBack()
  await rowAction(page, 'shop-web-02', 'Stop…')
  await page.getByRole('dialog').getByRole('button', { name: 'Stop VM' }).click()
  await expect(row).toContainText('Stopped')
  await expect(row.getByRole('meter')).toHaveCount(0)
})

test('tells who sees one namespace of its VMs alone [F227] [F003]', async ({ page, stack }) => {
  await openAs(page, stack, 'power-user', '/virtual-machines')
  await expect(meter(vmRow(page, 'web-01'), 'CPU use')).toBeVisible()
  const answer = await page.request.get('/api/usage')
  const namespaces = (await answer.text())
    .split('\n')
    .slice(1)
    .map((line) => (JSON.parse(line) as string[])[0])
  expect(namespaces).toEqual(['team-a'])
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })
  test('has room for the bars in the line of sizes [F227] [F220]', async ({ page, stack }) => {
    await openAs(page, stack, 'viewer', '/virtual-machines')
    const web = vmRow(page, 'api-01')
    await expect(meter(web, 'CPU use')).toBeInViewport()
    await expect(meter(web, 'Memory use')).toBeInViewport({ ratio: 1 })
    await expectAccessible(page)
  })
})
