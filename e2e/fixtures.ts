// A stack per worker (a simulated cluster and a server, as `npm start` runs them), and what every test asks of every page.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, test as base, type Page } from '@playwright/test'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnStack } from '../dev/spawned-stack.ts'

export type DemoUser = 'admin' | 'operator' | 'power-user' | 'user' | 'viewer'

export type Stack = {
  url: string
  /** Where people sign in, with `--auth oidc`. */
  provider?: string
  /** A kubeconfig with each demo user as a context. */
  kubeconfig: string
  /** Lets the server fall silent while its connections stay open, until it is thawed. */
  freeze(): void
  thaw(): void
  /** The credential of a demo user, which never leaves the server. */
  tokenOf(user: DemoUser): string
  /** To whom the server has connected so far, and to whom it may: `host:port`. */
  egress(): Promise<{ seen: Set<string>; allowed: Set<string> }>
  /** Asks the cluster itself, as one of the demo users: what the API says when no dashboard is in between. */
  api(user: DemoUser, method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>
}

async function startStack(args: string[]): Promise<{ stack: Stack; stop: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'virtdeck-egress-'))
  const recorder = join(dirname(fileURLToPath(import.meta.url)), 'egress-recorder.cjs')
  const log = join(directory, 'log')
  const spawned = await spawnStack(args, { NODE_OPTIONS: `--require ${recorder}`, EGRESS_LOG: log })
  const agent = new Agent({ ca: spawned.cluster.ca, keepAlive: true })
  const stack: Stack = {
    url: spawned.url,
    kubeconfig: spawned.kubeconfig,
    ...(spawned.provider ? { provider: spawned.provider } : {}),
    tokenOf: (user) => spawned.cluster.token(user),
    async egress() {
      const lines = (await readFile(log, 'utf8')).split('\n').map((line) => line.split(' '))
      const own = lines.filter(([pid]) => Number(pid) === spawned.server.pid)
      const allowed = [spawned.cluster.url, spawned.prometheus, ...(spawned.provider ? [spawned.provider] : [])].map(
        (url) => new URL(url).host,
      )
      const plain = (addresses: readonly string[]) =>
        new Set(addresses.map((address) => address.replace(/^(localhost|\[?::1\]?):/, '127.0.0.1:')))
      return { seen: plain(own.map(([, address = '']) => address)), allowed: plain(allowed) }
    },
    freeze: () => void spawned.server.kill('SIGSTOP'),
    thaw: () => void spawned.server.kill('SIGCONT'),
    api: (user, method, path, body) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          new URL(path, spawned.cluster.url),
          {
            agent,
            method,
            headers: { authorization: `Bearer ${spawned.cluster.token(user)}`, accept: '*/*', 'content-type': 'application/json' },
          },
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
    await spawned[Symbol.asyncDispose]()
    const { seen, allowed } = await stack.egress()
    await rm(directory, { recursive: true })
    // Whatever the tests of this stack did.
    expect([...seen].filter((address) => !allowed.has(address))).toEqual([])
  }
  return { stack, stop }
}

export const test = base.extend<
  { quietConsole: undefined; otherOrigins: string[] },
  { stackArgs: string[]; stackOf: string; stack: Stack }
>({
  stackArgs: [['--scenario', 'small'], { option: true, scope: 'worker' }],
  // Whose stack it is: a file that leaves a changed cluster behind names one of its own, and gets a worker for it.
  stackOf: ['everybody', { option: true, scope: 'worker' }],
  stack: [
    async ({ stackArgs }, provide) => {
      const { stack, stop } = await startStack(stackArgs)
      await provide(stack)
      await stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ stack }, provide) => provide(stack.url),
  // Where a page may lead beside its own origin: nowhere, unless a test is about single sign-on.
  otherOrigins: [[], { option: true }],
  // No page of ours may write an error to the console, throw, violate its policy, or ask another origin for anything.
  quietConsole: [
    async ({ context, baseURL, otherOrigins }, provide) => {
      const complaints: string[] = []
      const own = [baseURL ?? '', ...otherOrigins].map((url) => new URL(url).host)
      context.on('console', (message) => {
        // Headless Chromium's software WebGL comments on itself, and xterm on how long it took to draw its first letters. A socket
        // that a server does not open in time is given up, as is one whose page goes: on a busy machine both happen.
        const harmless = /GL Driver Message|WebGL|task queue exceeded|WebSocket is closed before the connection is established/
        if (message.type() === 'error' || (message.type() === 'warning' && !harmless.test(message.text()))) {
          complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`)
        }
      })
      context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error().message}`))
      context.on('request', (request) => {
        const { protocol, host } = new URL(request.url())
        if (/^(https?|wss?):$/.test(protocol) && !own.includes(host)) complaints.push(`another origin: ${request.url()}`)
      })
      await provide(undefined)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** For tests of what Chromium complains of itself: a refusal, a failure, an attack. */
export const noisyConsole = {
  quietConsole: async ({ browserName: _ }: { browserName: string }, provide: (nothing: undefined) => Promise<void>) => provide(undefined),
}

/** For tests in which the cluster fails: what is answered with 500, Chromium writes to the console. */
export const testOfFailure = test.extend<{ quietConsole: undefined }>(noisyConsole)

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

/** Opens a page and waits until it has its heading. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible()
}

/** axe finds nothing, with the page as it is now. In another theme only its colours are new. */
export async function expectAccessible(page: Page, { onlyColours = false } = {}): Promise<void> {
  const axe = new AxeBuilder({ page })
    // Base UI's focus guards are focusable and hidden on purpose: they send the focus on. Popups live outside the landmarks.
    .exclude('[data-base-ui-focus-guard]')
  const { violations } = await (onlyColours ? axe.withRules('color-contrast') : axe.disableRules('region')).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([])
}

/** Selects all rows of a list once they are so many: what was made a moment ago comes a moment later. */
export async function selectAll(page: Page, count: number): Promise<void> {
  await expect(page.locator('tbody tr[data-key]')).toHaveCount(count)
  await page.getByRole('checkbox', { name: 'Select all shown' }).click()
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
