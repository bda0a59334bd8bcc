// A stack per worker (a simulated cluster and a server, as `npm start` runs them), and what every test asks of every page.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test as base, type Page } from '@playwright/test'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export type DemoUser = 'admin' | 'operator' | 'power-user' | 'user' | 'viewer'

export type Stack = {
  url: string
  /** Lets the server fall silent while its connections stay open, until it is thawed. */
  freeze(): void
  thaw(): void
  /** Asks the cluster itself, as one of the demo users: what the API says when no dashboard is in between. */
  api(user: DemoUser, method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))

type Kubeconfig = {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
  users: { name: string; user: { token: string } }[]
}

export type Started = { ready: RegExpExecArray; child: ChildProcess; stop: () => Promise<void> }

/** Starts a script of this repository and waits until it says that it is ready. */
export async function start(script: string, args: string[], says: RegExp): Promise<Started> {
  const child = spawn(process.execPath, [join(root, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ready = await new Promise<RegExpExecArray>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const match = says.exec(output)
      if (match) resolve(match)
    })
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it was ready:\n${output}`)))
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  return { ready, child, stop }
}

async function startStack(args: string[]): Promise<{ stack: Stack; stop: () => Promise<void> }> {
  const stateDir = await mkdtemp(join(tmpdir(), 'virtdeck-e2e-'))
  const {
    ready,
    child,
    stop: stopServer,
  } = await start('dev/start.mjs', ['--port', '0', '--state-dir', stateDir, ...args], /virtdeck ready: (\S+)/)
  const [, url = ''] = ready
  const kubeconfig = parse(await readFile(join(stateDir, 'kubeconfig'), 'utf8')) as Kubeconfig
  const cluster = kubeconfig.clusters[0]?.cluster
  if (!cluster) throw new Error('the kubeconfig names no cluster')
  const agent = new Agent({ ca: Buffer.from(cluster['certificate-authority-data'], 'base64'), keepAlive: true })
  const stack: Stack = {
    url,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    api: (user, method, path, body) =>
      new Promise((resolve, reject) => {
        const token = kubeconfig.users.find((entry) => entry.name === user)?.user.token
        const outgoing = request(
          new URL(path, cluster.server),
          { agent, method, headers: { authorization: `Bearer ${token}`, accept: '*/*', 'content-type': 'application/json' } },
          (response) => {
            let text = ''
            response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
              }),
            )
          },
        )
        outgoing.on('error', reject)
        outgoing.end(body === undefined ? undefined : JSON.stringify(body))
      }),
  }
  const stop = async () => {
    agent.destroy()
    await stopServer()
    await rm(stateDir, { recursive: true, force: true })
  }
  return { stack, stop }
}

export const test = base.extend<{ quietConsole: undefined }, { stackArgs: string[]; stack: Stack }>({
  stackArgs: [['--scenario', 'small'], { option: true, scope: 'worker' }],
  stack: [
    async ({ stackArgs }, provide) => {
      const { stack, stop } = await startStack(stackArgs)
      await provide(stack)
      await stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ stack }, provide) => provide(stack.url),
  // No page of ours may write an error to the console, throw, violate its policy, or ask another origin for anything.
  quietConsole: [
    async ({ context, baseURL }, provide) => {
      const complaints: string[] = []
      context.on('console', (message) => {
        // Headless Chromium's software WebGL comments on itself, and xterm on how long it took to draw its first letters.
        if (
          message.type() === 'error' ||
          (message.type() === 'warning' && !/GL Driver Message|WebGL|task queue exceeded/.test(message.text()))
        ) {
          complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`)
        }
      })
      context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error().message}`))
      context.on('request', (request) => {
        const { protocol, host } = new URL(request.url())
        if (/^(https?|wss?):$/.test(protocol) && host !== new URL(baseURL ?? '').host) complaints.push(`another origin: ${request.url()}`)
      })
      await provide(undefined)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** Signs in through the page, one click, and waits for the first list. */
export async function signInAs(page: Page, user: DemoUser): Promise<void> {
  await page.goto('/')
  await page.getByRole('button', { name: `Sign in as ${user}`, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Virtual machines' })).toBeVisible()
}

/** A session without the sign-in page, for tests that are about something else. */
export async function openAs(page: Page, stack: Stack, user: DemoUser, path: string): Promise<void> {
  const answer = await page.request.post('/auth/sign-in', { data: { mode: 'demo', user }, headers: { origin: stack.url } })
  expect(answer.status()).toBe(200)
  await page.goto(path)
}

/** axe finds nothing, with the page as it is now. In another theme only its colours are new. */
export async function expectAccessible(page: Page, { onlyColours = false } = {}): Promise<void> {
  const axe = new AxeBuilder({ page })
    // Base UI's focus guards are focusable and hidden on purpose: they send the focus on. Popups live outside the landmarks.
    .exclude('[data-base-ui-focus-guard]')
  const { violations } = await (onlyColours ? axe.withRules('color-contrast') : axe.disableRules('region')).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([])
}

/** The table row of a VM. */
export function vmRow(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
}

/** Chooses a verb in a row's menu. */
export async function rowAction(page: Page, name: string, verb: string): Promise<void> {
  await vmRow(page, name)
    .getByRole('button', { name: `Actions for ${name}` })
    .click()
  await page.getByRole('menuitem', { name: verb, exact: true }).click()
}
