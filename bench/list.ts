// The list of VMs in a real Chromium with a cold cache: from navigation to painted rows and a search that answers.
import { chromium, type CDPSession, type Page } from '@playwright/test'
import { untilAtRest } from './process.ts'
import type { BenchStack } from './stack.ts'

export type ListFigures = {
  vms: number
  /** Navigation to the first row painted. */
  firstRowsMs: number
  /** Navigation to all rows in the table's count. */
  searchableMs: number
  /** The same of each visit, in their order: the first ones meet a server and a browser that have just been started. */
  searchableMsByVisit: number[]
  /** Everything that crossed the wire, assets included, until nothing more came. */
  wireBytes: number
  heapBytes: number
  /** Longest main-thread task after the first rows. */
  longestTaskMs: number
  /** From a key of a search to the frame that shows what matches, the median over its letters. */
  keystrokeToPaintMs: number
  /** Between two frames while the list is scrolled from end to end. */
  scrollP95FrameMs: number
  scrollLongestFrameMs: number
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

type Visit = Omit<ListFigures, 'vms' | 'searchableMsByVisit'>

/** Measures cold visits in one browser; each figure is the median of them. */
export async function measureList(stack: BenchStack, vms: number, visits: number): Promise<ListFigures> {
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
    await context.addInitScript(() => {
      const tasks: { startTime: number; duration: number }[] = []
      Object.assign(globalThis, { benchTasks: tasks })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push({ startTime: entry.startTime, duration: entry.duration })
      }).observe({ type: 'longtask', buffered: true })
    })
    const first = await context.newPage()
    await signIn(first, stack.url)
    await waitUntilSynced(first, vms)
    await first.close()
    // A fleet that has just been made is still being looked at by the simulated controllers, with the browser's processors.
    await untilAtRest(stack.cluster.pid)
    const figures: Visit[] = []
    for (let visited = 0; visited < visits; visited += 1) {
      const page = await context.newPage()
      const cdp = await context.newCDPSession(page)
      figures.push(await visit(page, cdp, stack.url, vms))
      await page.close()
    }
    const [one] = figures
    if (!one) throw new Error('there was no visit')
    const names = Object.keys(one) as (keyof typeof one)[]
    const medians = Object.fromEntries(names.map((name) => [name, median(figures.map((figure) => figure[name]))]))
    const searchableMsByVisit = figures.map(({ searchableMs }) => Math.round(searchableMs))
    return { vms, ...(medians as typeof one), searchableMsByVisit }
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

async function visit(page: Page, cdp: CDPSession, url: string, vms: number): Promise<Visit> {
  await page.goto('about:blank')
  await cdp.send('Network.enable')
  await cdp.send('Network.clearBrowserCache')
  let wireBytes = 0
  cdp.on('Network.loadingFinished', (event) => (wireBytes += event.encodedDataLength))
  cdp.on('Network.webSocketFrameReceived', (event) => (wireBytes += event.response.payloadData.length))
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
  const longestTaskMs = await longestTask(page, times.firstRowsMs)
  const scroll = await scrollThrough(page)
  const keystrokes = await typeAndTime(page)
  const longestLaterMs = await longestTask(page, times.firstRowsMs)
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  return {
    ...times,
    wireBytes,
    heapBytes: usedSize,
    longestTaskMs: Math.max(longestTaskMs, longestLaterMs),
    keystrokeToPaintMs: median(keystrokes),
    ...scroll,
  }
}

function longestTask(page: Page, afterMs: number): Promise<number> {
  return page.evaluate((after) => {
    const { benchTasks } = globalThis as unknown as { benchTasks: { startTime: number; duration: number }[] }
    return Math.max(0, ...benchTasks.filter((task) => task.startTime > after).map((task) => task.duration))
  }, afterMs)
}

/** The list from its first row to its last in 120 frames. */
function scrollThrough(page: Page): Promise<Pick<ListFigures, 'scrollP95FrameMs' | 'scrollLongestFrameMs'>> {
  return page.evaluate(async () => {
    let scroller: Element | null = document.querySelector('table')
    while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement
    const box = scroller ?? document.documentElement
    const steps = 120
    const end = box.scrollHeight - box.clientHeight
    const frames: number[] = []
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
    let before = await frame()
    for (let step = 1; step <= steps; step += 1) {
      box.scrollTop = (end * step) / steps
      const now = await frame()
      frames.push(now - before)
      before = now
    }
    box.scrollTop = 0
    await frame()
    frames.sort((a, b) => a - b)
    return { scrollP95FrameMs: frames[Math.floor(frames.length * 0.95)] ?? 0, scrollLongestFrameMs: frames.at(-1) ?? 0 }
  })
}

/** From a key event to the frame that shows what matches, letter by letter. */
async function typeAndTime(page: Page): Promise<number[]> {
  const box = page.getByRole('combobox', { name: 'Search VMs' })
  await box.focus()
  await page.evaluate(() => {
    const painted: number[] = []
    Object.assign(globalThis, { benchPainted: painted })
    let pressedAt: number | undefined
    // A message that is sent while a frame is made is received once it is painted.
    const afterPaint = (then: () => void) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = then
        port2.postMessage(undefined)
      })
    document.addEventListener('keydown', (event) => (pressedAt = event.timeStamp), { capture: true })
    const table = document.querySelector('table')
    if (!table) throw new Error('there is no table')
    new MutationObserver(() => {
      const since = pressedAt
      pressedAt = undefined
      if (since !== undefined) afterPaint(() => painted.push(performance.now() - since))
    }).observe(table, { attributes: true, attributeFilter: ['aria-rowcount'] })
  })
  for (const letter of 'web-01') {
    await page.keyboard.press(letter)
    await page.waitForTimeout(200)
  }
  const times = await page.evaluate(() => (globalThis as unknown as { benchPainted: number[] }).benchPainted)
  if (times.length === 0) throw new Error('the search changed nothing')
  return times
}
