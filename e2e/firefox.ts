// Firefox, driven over WebDriver BiDi, which it speaks itself: Playwright drives a Firefox of its own only.
// https://www.w3.org/TR/webdriver-bidi/
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import { WebSocket } from 'ws'

/** FIREFOX_PATH, or a system Firefox; undefined where there is none. */
export function findFirefox(): string | undefined {
  const named = process.env['FIREFOX_PATH']
  if (named !== undefined) return existsSync(named) ? named : undefined
  return ['firefox-esr', 'firefox'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
}

type Answer = { id?: number; type: string; method?: string; params?: unknown; result?: unknown; error?: string; message?: string }

export type Firefox = AsyncDisposable & {
  goto(url: string): Promise<void>
  /** The value of an expression in the page; JSON. */
  evaluate<T>(expression: string): Promise<T>
  /** Clicks on what a selector finds; waits until there is such an element. */
  click(selector: string): Promise<void>
  /** Waits until the text of the page has this. */
  sees(text: string | RegExp): Promise<void>
  type(text: string): Promise<void>
  /** What scripts of the page were refused, and errors that nobody caught, from the first page on. */
  complaints: readonly string[]
}

const texts = 'document.body?.innerText ?? ""'

export async function startFirefox(executable: string): Promise<Firefox> {
  const profile = await mkdtemp(join(tmpdir(), 'virtdeck-firefox-'))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank']
  const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile } })
  const address = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [, url] = /WebDriver BiDi listening on (ws:\S+)/.exec(output) ?? []
      if (url) resolve(url)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Firefox ended with ${code}:\n${output}`)))
  })
  const socket = new WebSocket(`${address}/session`)
  await once(socket, 'open')

  const waiting = new Map<number, (answer: Answer) => void>()
  const complaints: string[] = []
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer
    if (answer.id !== undefined) return waiting.get(answer.id)?.(answer)
    if (answer.method === 'script.message') complaints.push((answer.params as { data: { value: string } }).data.value)
    if (answer.method === 'log.entryAdded') {
      const { level, text = '' } = answer.params as { level: string; text?: string }
      if (level === 'error') complaints.push(`error: ${text}`)
    }
  })
  let last = 0
  async function ask<T>(method: string, params: object): Promise<T> {
    const id = (last += 1)
    const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params }))
    const { type, result, error, message } = await answer
    waiting.delete(id)
    if (type !== 'success') throw new Error(`${method}: ${error} ${message}`)
    return result as T
  }

  await ask('session.new', { capabilities: {} })
  await ask('session.subscribe', { events: ['log.entryAdded', 'script.message'] })
  const listen = `(tell) => document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) =>
    tell(effectiveDirective + ' ' + blockedURI + ' ' + sample))`
  await ask('script.addPreloadScript', {
    functionDeclaration: listen,
    arguments: [{ type: 'channel', value: { channel: 'refused' } }],
  })
  const { contexts } = await ask<{ contexts: { context: string }[] }>('browsingContext.getTree', {})
  const context = contexts[0]?.context ?? ''
  await ask('browsingContext.setViewport', { context, viewport: { width: 1440, height: 900 } })

  async function evaluate<T>(expression: string): Promise<T> {
    const { type, result, exceptionDetails } = await ask<{
      type: string
      result?: { value: string }
      exceptionDetails?: { text: string }
    }>('script.evaluate', { expression: `JSON.stringify(${expression})`, target: { context }, awaitPromise: true })
    if (type !== 'success') throw new Error(`${expression}: ${exceptionDetails?.text}`)
    return JSON.parse(result?.value ?? 'null') as T
  }

  return {
    goto: async (url) => void (await ask('browsingContext.navigate', { context, url, wait: 'complete' })),
    evaluate,
    async click(selector) {
      const found = `document.querySelector(${JSON.stringify(selector)})`
      await expect.poll(() => evaluate<boolean>(`${found} !== null`), { message: selector }).toBe(true)
      await evaluate(`${found}.click() ?? null`)
    },
    async sees(text) {
      const matcher = expect.poll(() => evaluate<string>(texts), { timeout: 30_000 })
      await (typeof text === 'string' ? matcher.toContain(text) : matcher.toMatch(text))
    },
    async type(text) {
      const actions = Array.from(text).flatMap((value) => [
        { type: 'keyDown', value },
        { type: 'keyUp', value },
      ])
      await ask('input.performActions', { context, actions: [{ type: 'key', id: 'keyboard', actions }] })
    },
    complaints,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
      socket.terminate()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
