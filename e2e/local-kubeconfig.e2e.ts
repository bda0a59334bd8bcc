// One's own kubeconfig on one's own machine: the printed link in Chromium, and what a hostile page in the same browser can do.
import { createServer } from 'node:http'
import { startScript } from '../dev/spawned-stack.ts'
import { expect, noisyConsole, test } from './fixtures.ts'

// The server under test is another one than the fixture's, and what is tried is what the fixture would complain of.
test.use(noisyConsole)

/** `npm start -- --kubeconfig` in front of the stack's cluster, as the operator. */
async function startLocal(kubeconfig: string) {
  const started = await startScript(
    'dev/start.mjs',
    ['--port', '0', '--kubeconfig', kubeconfig, '--context', 'operator'],
    /virtdeck ready: (\S+)/,
  )
  return { link: started.ready[1] ?? '', [Symbol.asyncDispose]: () => started.stop() }
}

async function startAttacker(body: string) {
  const server = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${body}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as { port: number }).port, [Symbol.asyncDispose]: async () => void server.close() }
}

test('signs in by the printed link once, which neither the address nor the history keeps [A-20]', async ({ page, browser, stack }) => {
  await using local = await startLocal(stack.kubeconfig)
  const sent: string[] = []
  page.on('request', (request) => sent.push(`${request.url()} ${request.headers()['referer'] ?? ''}`))
  await page.goto(local.link)
  await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
  const token = new URL(local.link).hash.slice(3)
  expect(token).toHaveLength(43)
  expect(page.url()).not.toContain('#')
  expect(sent.join('\n')).not.toContain(token)
  expect(
    await page.evaluate(() => JSON.stringify([history.state, Object.entries(localStorage), Object.entries(sessionStorage)])),
  ).not.toContain(token)

  const stranger = await browser.newContext()
  const second = await stranger.newPage()
  await second.goto(local.link)
  await expect(second.getByText('open the link that virtdeck printed in the terminal')).toBeVisible()
  await stranger.close()
})

test('lets a hostile page of this very machine read nothing and change nothing [A-20] [A-15]', async ({ page, context, stack }) => {
  await using local = await startLocal(stack.kubeconfig)
  const target = new URL(local.link).origin
  await page.goto(local.link)
  await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
  const vms = async () => {
    const { body } = await stack.api('admin', 'GET', '/apis/kubevirt.io/v1/virtualmachines')
    return (body['items'] as { metadata: { uid: string; generation: number } }[]).map(({ metadata }) => [metadata.uid, metadata.generation])
  }
  const before = await vms()
  const vm = '/k8s/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01'
  const stop = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/stop'
  await using attacker = await startAttacker(`
    <form id="delete" method="post" enctype="text/plain" target="frame" action="${target}${stop}"><input name='{"a":"' value='"}'></form>
    <form id="out" method="post" target="frame" action="${target}/auth/sign-out"></form>
    <iframe name="frame"></iframe><script src="${target}/api/session"></script><img src="${target}${vm}">`)

  // The second is the same site, as far as cookies are concerned: only the port differs.
  for (const host of ['localhost', '127.0.0.1']) {
    const evil = await context.newPage()
    await evil.goto(`http://${host}:${attacker.port}/`)
    const outcomes = await evil.evaluate(
      async ([origin = '', object = '', verb = '']) => {
        const attempts: [string, RequestInit][] = [
          ['/api/session', { credentials: 'include' }],
          ['/api/session', { credentials: 'include', mode: 'no-cors' }],
          [object, { credentials: 'include' }],
          [object, { credentials: 'include', method: 'DELETE' }],
          [verb, { credentials: 'include', method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } }],
          [verb, { credentials: 'include', method: 'POST', mode: 'no-cors', body: '{}', headers: { 'content-type': 'text/plain' } }],
          ['/auth/sign-out', { credentials: 'include', method: 'POST', mode: 'no-cors' }],
          ['/auth/sign-in', { credentials: 'include', method: 'POST', mode: 'no-cors', body: '{"mode":"kubeconfig","launch":""}' }],
          ['/api/ws-ticket', { credentials: 'include', method: 'POST', body: '{"target":"/live"}' }],
        ]
        const read = attempts.map(async ([path, init]) => {
          try {
            return (await (await fetch(origin + path, init)).text()) === '' ? 'nothing' : `read ${path}`
          } catch {
            return 'nothing'
          }
        })
        const socket = new Promise<string>((resolve) => {
          const ws = new WebSocket(`${origin.replace('http', 'ws')}/live`, ['virtdeck.v1', 'virtdeck.ticket.x'])
          ws.addEventListener('open', () => resolve('opened a socket'))
          ws.addEventListener('error', () => resolve('nothing'))
        })
        for (const form of document.forms) {
          const loaded = new Promise((resolve) => document.querySelector('iframe')?.addEventListener('load', resolve, { once: true }))
          form.submit()
          await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, 1_000))])
        }
        return Promise.all([...read, socket])
      },
      [target, vm, stop],
    )
    expect(new Set(outcomes)).toEqual(new Set(['nothing']))
    await evil.close()
  }
  expect(await vms()).toEqual(before)
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
})
