// What the browser itself is told to refuse: framing, other scripts, documents out of answers, and what it is not left with.
import type { BrowserContext, Page } from '@playwright/test'
import { expect, noisyConsole, openAs, test, visit } from './fixtures.ts'

const goldenPolicy = (nonce: string) =>
  `default-src 'none';script-src 'nonce-${nonce}' 'strict-dynamic';style-src-elem 'self' 'nonce-${nonce}';style-src-attr 'none';` +
  `img-src 'self' data:;font-src 'self';connect-src 'self';worker-src 'self';manifest-src 'self';form-action 'self';frame-src 'none';` +
  `frame-ancestors 'none';base-uri 'none';object-src 'none';require-trusted-types-for 'script';trusted-types 'none';report-uri /api/csp-report`

test('every page comes with the policy, word for word, and a nonce of its own [X-08]', async ({ page, stack }) => {
  await openAs(page, stack, 'operator', '/virtual-machines')
  const nonces = new Set<string>()
  const paths = ['/', '/virtual-machines', '/virtual-machines/team-a/web-01', '/templates', '/sign-in', '/console/team-a/web-01', '/zzz']
  for (const path of Array.from({ length: 70 }, (_, index) => paths[index % paths.length] ?? '/')) {
    const answer = await page.request.get(path, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
    const nonce = /<script[^>]* nonce="([^"]+)"/.exec(await answer.text())?.[1] ?? ''
    expect([path, answer.headers()['content-security-policy']]).toEqual([path, goldenPolicy(nonce)])
    expect(Buffer.from(nonce, 'base64')).toHaveLength(16)
    nonces.add(nonce)
  }
  expect(nonces.size).toBe(70)
})

/** A page of the same origin or of another that does what `body` says. */
async function attacker(context: BrowserContext, origin: string, body: string, host = 'localhost') {
  const { createServer } = await import('node:http')
  const server = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${body}`))
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as { port: number }
  const page = await context.newPage()
  await page.goto(`http://${host}:${port}/`)
  return { page, origin, [Symbol.asyncDispose]: async () => void (await page.close(), server.close()) }
}

test.describe('another origin', () => {
  // What is tried here is what the fixture would complain of.
  test.use(noisyConsole)

  test('is asked for nothing by a page of ours, and Chromium tells the server of the try [X-08]', async ({ page, stack }) => {
    await openAs(page, stack, 'operator', '/virtual-machines')
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    const told = page.waitForRequest((request) => new URL(request.url()).pathname === '/api/csp-report')
    await page.evaluate(() => (new Image().src = 'https://evil.example/x.png'))
    const report = await told
    expect(report.postDataJSON()).toMatchObject({
      'csp-report': { 'effective-directive': 'img-src', 'blocked-uri': 'https://evil.example/x.png' },
    })
    expect((await report.response())?.status()).toBe(204)
  })

  test('can neither frame a page, nor read an answer as script, picture or document [X-07] [X-10]', async ({ page, context, stack }) => {
    await openAs(page, stack, 'operator', '/virtual-machines')
    const targets = ['/virtual-machines', '/api/session', '/k8s/apis/kubevirt.io/v1/virtualmachines']
    const body = targets
      .map(
        (path) => `<iframe src="${stack.url}${path}"></iframe><script src="${stack.url}${path}"></script><img src="${stack.url}${path}">`,
      )
      .join('')
    await using evil = await attacker(context, stack.url, body)
    await evil.page.waitForLoadState('load')
    for (const frame of evil.page.frames().slice(1)) expect(frame.url()).toMatch(/^(chrome-error:.*|about:blank|)$/)
    expect(await evil.page.locator('img').evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth))).toEqual(
      [0, 0, 0],
    )
    const read = await evil.page.evaluate(
      (urls) =>
        Promise.all(
          urls.map((url) =>
            fetch(url, { credentials: 'include' }).then(
              () => 'read',
              () => 'refused',
            ),
          ),
        ),
      targets.map((path) => stack.url + path),
    )
    expect(read).toEqual(['refused', 'refused', 'refused'])
    const opened = context.waitForEvent('page')
    await evil.page.evaluate((url) => void Object.assign(globalThis, { opened: window.open(url) }), `${stack.url}/virtual-machines`)
    await (await opened).waitForLoadState()
    expect(await evil.page.evaluate(() => (globalThis as unknown as { opened: Window }).opened.closed)).toBe(true)
  })

  test('opens no socket of ours with the cookies that the browser sends along, and the log says so [W-03]', async ({
    page,
    context,
    stack,
  }) => {
    await openAs(page, stack, 'operator', '/activity')
    await expect(page.getByRole('row').filter({ hasText: 'Sign in' }).first()).toBeVisible()
    const vnc = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc'
    const attempts = await page.evaluate(async (path) => {
      const session = (await (await fetch('/api/session')).json()) as { csrf: string }
      const ask = async (target: string) => {
        const body = JSON.stringify({ target })
        const headers = { 'content-type': 'application/json', 'x-kvd-csrf': session.csrf }
        return ((await (await fetch('/api/ws-ticket', { method: 'POST', body, headers })).json()) as { ticket: string }).ticket
      }
      // Even with tickets that are good.
      return [
        { path: '/live', protocols: ['virtdeck.v1', `virtdeck.ticket.${await ask('/live')}`] },
        { path, protocols: ['plain.kubevirt.io', `virtdeck.ticket.${await ask(path)}`] },
      ]
    }, vnc)
    // Another port is the same site: the cookie comes along. Another name is not.
    for (const host of ['127.0.0.1', 'localhost']) {
      await using evil = await attacker(context, stack.url, '', host)
      const heard = await evil.page.evaluate(
        ([base, all]) =>
          Promise.all(
            all.map(
              ({ path: target, protocols }) =>
                new Promise<string>((resolve) => {
                  const socket = new WebSocket(base + target, protocols)
                  socket.onopen = () => resolve('open')
                  socket.onmessage = () => resolve('a frame')
                  socket.onclose = ({ code }) => resolve(`closed ${code}`)
                }),
            ),
          ),
        [stack.url.replace('http', 'ws'), attempts] as const,
      )
      expect(heard).toEqual(['closed 1006', 'closed 1006'])
    }
    await page.reload()
    await page.getByRole('combobox', { name: 'Search operations' }).fill('status:refused ')
    await expect(
      page
        .getByRole('row')
        .filter({ hasText: /origin/i })
        .first(),
    ).toBeVisible()
  })

  test('an answer of the API that is opened directly is no document with scripts [X-10]', async ({ page, stack }) => {
    await openAs(page, stack, 'operator', '/virtual-machines')
    for (const path of [
      '/api/session',
      '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01',
      '/k8s/zzz<script>alert(1)</script>',
    ]) {
      const answer = await page.goto(path)
      expect(answer?.headers()).toMatchObject({
        'content-type': expect.stringContaining('application/json'),
        'x-content-type-options': 'nosniff',
      })
      expect(answer?.headers()['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none';sandbox")
      expect(await page.locator('script, img, iframe, a').count()).toBe(0)
    }
  })

  test('no script makes code or markup of text, and no policy that would may be made [X-12]', async ({ page, stack }) => {
    await openAs(page, stack, 'operator', '/virtual-machines')
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    const outcomes = await page.evaluate(() => {
      const { trustedTypes } = globalThis as unknown as { trustedTypes: { createPolicy(name: string, rules: object): unknown } }
      const attempts: Record<string, () => unknown> = {
        innerHTML: () => (document.createElement('div').innerHTML = '<b>x</b>'),
        outerHTML: () => (document.body.firstElementChild!.outerHTML = '<b>x</b>'),
        insertAdjacentHTML: () => document.body.insertAdjacentHTML('beforeend', '<b>x</b>'),
        write: () => document.write('<b>x</b>'),
        srcdoc: () => (document.createElement('iframe').srcdoc = '<b>x</b>'),
        scriptText: () => (document.createElement('script').text = 'x'),
        scriptSrc: () => (document.createElement('script').src = '/x.js'),
        parser: () => new DOMParser().parseFromString('<b>x</b>', 'text/html'),
        fragment: () => document.createRange().createContextualFragment('<b>x</b>'),
        worker: () => new Worker('//evil.example/x.js'),
        policy: () => trustedTypes.createPolicy('virtdeck', {}),
        otherPolicy: () => trustedTypes.createPolicy('other', {}),
        blobWorker: () => new Worker(URL.createObjectURL(new Blob(['x']))),
        ownWorker: () => new Worker('/assets/x.js'),
        sharedWorker: () => new SharedWorker('/assets/x.js'),
        timer: () => setTimeout('1' as unknown as () => void),
        defaultPolicy: () => trustedTypes.createPolicy('default', {}),
      }
      return Object.entries(attempts).map(([name, attempt]) => {
        try {
          attempt()
          return `${name} worked`
        } catch {
          return 'refused'
        }
      })
    })
    expect(new Set(outcomes)).toEqual(new Set(['refused']))
  })
})

test('neither storage, addresses nor history keep a token, a ticket or a cookie, and no script reads one [X-13]', async ({
  page,
  context,
  stack,
}) => {
  const addresses: string[] = []
  context.on('request', (request) => addresses.push(request.url()))
  page.on('websocket', (socket) => addresses.push(socket.url()))
  await openAs(page, stack, 'admin', '/virtual-machines')
  for (const path of [
    '/virtual-machines/team-a/web-01',
    '/virtual-machines/team-a/web-01/yaml',
    '/virtual-machines/team-a/web-01/console?kind=serial',
  ]) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  }
  const { csrf } = (await (await page.request.get('/api/session')).json()) as { csrf: string }
  const cookies = (await context.cookies()).map(({ name, value, httpOnly, sameSite }) => ({ name, value, httpOnly, sameSite }))
  expect(cookies.length).toBeGreaterThan(0)
  for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, sameSite: expect.stringMatching(/Strict|Lax/) })
  const kept = await page.evaluate(async () => ({
    local: Object.entries(localStorage),
    session: Object.entries(sessionStorage),
    cookie: document.cookie,
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    state: JSON.stringify(history.state),
  }))
  expect(kept).toMatchObject({ cookie: '', databases: [], caches: [] })
  const text = JSON.stringify([kept, addresses])
  for (const secret of [csrf, ...cookies.map(({ value }) => value)]) expect(text).not.toContain(secret)
  expect(text).not.toMatch(/eyJ[\w-]{10,}\.|virtdeck\.ticket\.|[?&](token|ticket|access_token|authorization)=|#cloud-config/i)
})

test('holds no token, cookie or ticket in its memory, and after the sign-out no user data either [X-13]', async ({
  page,
  context,
  stack,
}) => {
  await openAs(page, stack, 'admin', '/virtual-machines')
  for (const path of ['/virtual-machines/team-a/web-01/yaml', '/virtual-machines/team-a/web-01/console?kind=serial']) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name: 'web-01' })).toBeVisible()
  }
  await expect(page.getByRole('status').filter({ hasText: 'Connected' })).toBeVisible()
  const cookies = (await context.cookies()).map(({ value }) => value)
  const token = stack.tokenOf('admin')
  const held = await heapOf(page)
  expect(held).toContain('web-01')
  for (const secret of [token, ...cookies]) expect(held.includes(secret)).toBe(false)

  await page.getByRole('button', { name: /admin/ }).first().click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByRole('button', { name: 'Sign in as admin', exact: true })).toBeVisible()
  const left = await heapOf(page)
  for (const secret of [token, ...cookies]) expect(left.includes(secret)).toBe(false)
  expect(left).not.toMatch(/#cloud-config/)
})

/** Every string in the page's memory, once what can be collected is. */
async function heapOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page)
  const chunks: string[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk))
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  const { strings } = JSON.parse(chunks.join('')) as { strings: string[] }
  return strings.join('\n')
}

test('connects to nobody but the cluster, whatever the pages ask for [P-08] [L-07]', async ({ page, context, stack }) => {
  const origins = new Set<string>()
  context.on('request', (request) => origins.add(new URL(request.url()).origin))
  page.on('websocket', (socket) => origins.add(new URL(socket.url()).origin.replace('ws', 'http')))
  await openAs(page, stack, 'operator', '/virtual-machines')
  for (const path of [
    '/virtual-machines/team-a/web-01',
    '/virtual-machines/team-a/web-01/console?kind=vnc',
    '/nodes',
    '/templates',
    '/migrations',
  ])
    await visit(page, path)
  const { seen, allowed } = await stack.egress()
  expect(seen).toEqual(allowed)
  expect([...origins]).toEqual([stack.url])
})
