// The list of VMs in a real Chromium with a cold cache: from navigation to painted rows and a search that answers.
import { chromium, type CDPSession, type Page } from '@playwright/test'
import type { BenchStack } from './stack.ts'

export type ListFigures = {
  vms: number
  /** Navigation to the first row painted. */
  firstRowsMs: number
  /** Navigation to all rows in the table's count. */
  searchableMs: number
  /** Everything that crossed the wire, assets included. */
  wireBytes: number
  heapBytes: number
  /** Longest main-thread task after the first rows. */
  longestTaskMs: number
  /** Median over the letters of a search. */
  keystrokeToPaintMs: number
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Measures one cold visit. */
export async function measureList(stack: BenchStack, vms: number): Promise<ListFigures> {
  const browser = await chromium.launch({
    ...(process.env['CHROMIUM_PATH'] ? { executablePath: process.env['CHROMIUM_PATH'] } : {}),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    // The loader that runs this file names functions through a helper that pages do not have.
    await context.addInitScript('globalThis.__name = (fn) => fn')
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    await signIn(page, stack.url)
    await waitUntilSynced(page, vms)
    return { vms, ...(await visit(page, cdp, stack.url, vms)) }
  } finally {
    await browser.close()
  }
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.getByRole('button', { name: 'Sign in as operator', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Virtual machines' }).waitFor()
}

/** The server's own inventory is warm: what is measured is a visit, not the server's start. */
async function waitUntilSynced(page: Page, vms: number): Promise<void> {
  await page.locator(`table[aria-rowcount="${vms + 1}"]`).waitFor({ timeout: 60_000 })
}

async function visit(page: Page, cdp: CDPSession, url: string, vms: number): Promise<Omit<ListFigures, 'vms'>> {
  await page.goto('about:blank')
  await cdp.send('Network.enable')
  await cdp.send('Network.clearBrowserCache')
  let wireBytes = 0
  cdp.on('Network.loadingFinished', (event) => (wireBytes += event.encodedDataLength))
  cdp.on('Network.webSocketFrameReceived', (event) => (wireBytes += event.response.payloadData.length))
  await page.addInitScript(() => {
    const tasks: { startTime: number; duration: number }[] = []
    Object.assign(globalThis, { benchTasks: tasks })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) tasks.push({ startTime: entry.startTime, duration: entry.duration })
    }).observe({ type: 'longtask', buffered: true })
  })
  await page.goto(`${url}/virtual-machines`, { waitUntil: 'commit' })
  const times = await page.evaluate(
    (rows) =>
      new Promise<{ firstRowsMs: number; searchableMs: number }>((resolve) => {
        let firstRowsMs = 0
        const look = () => {
          const table = document.querySelector('table')
          if (!firstRowsMs && table?.querySelector('tbody a')) firstRowsMs = performance.now()
          if (firstRowsMs && table?.getAttribute('aria-rowcount') === String(rows + 1))
            resolve({ firstRowsMs, searchableMs: performance.now() })
          else requestAnimationFrame(look)
        }
        look()
      }),
    vms,
  )
  await page.waitForLoadState('networkidle')
  const keystrokes = await typeAndTime(page)
  const longestTaskMs = await page.evaluate((after) => {
    const { benchTasks } = globalThis as unknown as { benchTasks: { startTime: number; duration: number }[] }
    return Math.max(0, ...benchTasks.filter((task) => task.startTime > after).map((task) => task.duration))
  }, times.firstRowsMs)
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  return { ...times, wireBytes, heapBytes: usedSize, longestTaskMs, keystrokeToPaintMs: median(keystrokes) }
}

/** From a key event to the frame after it, letter by letter. */
async function typeAndTime(page: Page): Promise<number[]> {
  const box = page.getByRole('combobox', { name: 'Search VMs' })
  await box.focus()
  await page.evaluate(() => {
    const painted: number[] = []
    Object.assign(globalThis, { benchPainted: painted })
    document.addEventListener(
      'keydown',
      (event) => requestAnimationFrame(() => requestAnimationFrame(() => painted.push(performance.now() - event.timeStamp))),
      { capture: true },
    )
  })
  for (const letter of 'web-01') {
    await page.keyboard.press(letter)
    await page.waitForTimeout(150)
  }
  return page.evaluate(() => (globalThis as unknown as { benchPainted: number[] }).benchPainted)
}
