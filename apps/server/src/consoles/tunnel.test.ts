import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { joinSockets } from './tunnel.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** One end of a connection: what the tunnel wrote to it, and a way to send it something. */
function createEnd() {
  const written: Buffer[] = []
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk)
      done()
    },
  })
  return { socket, sends: (...bytes: number[]) => socket.push(Buffer.from(bytes)), written: () => Buffer.concat(written) }
}

function open() {
  const browser = createEnd()
  const guest = createEnd()
  const onBytes = vi.fn<() => void>()
  const leg = ({ socket }: typeof guest) => ({ socket, head: Buffer.alloc(0) })
  const tunnel = joinSockets(leg(browser), leg(guest), onBytes)
  return { browser, guest, tunnel, onBytes }
}

const ping = Buffer.concat([Buffer.from([0x89, 4]), Buffer.from('vdpg')])
const pong = [0x8a, 4, ...Buffer.from('vdpg')]
const maskedPong = [0x8a, 0x84, 0, 0, 0, 0, ...Buffer.from('vdpg')]

async function tick(ms: number) {
  vi.advanceTimersByTime(ms)
  await turn()
  await turn()
}

test('pings both ends every 10 seconds, the guest’s end masked, and keeps their answers to itself [W-17]', async () => {
  const { browser, guest } = open()
  await tick(10_000)
  expect(browser.written()).toEqual(ping)
  const upward = guest.written()
  expect([upward[0], upward[1], upward.length]).toEqual([0x89, 0x84, 10])
  browser.sends(...maskedPong)
  guest.sends(...pong)
  await tick(0)
  expect(browser.written()).toEqual(ping)
  expect(guest.written()).toEqual(upward)
})

test('puts a ping between two frames, never into one', async () => {
  const { browser, guest } = open()
  guest.sends(0x82, 4, 1, 2)
  await tick(0)
  await tick(10_000)
  expect([...browser.written()]).toEqual([0x82, 4, 1, 2])
  guest.sends(3, 4)
  await tick(0)
  expect([...browser.written()]).toEqual([0x82, 4, 1, 2, 3, 4, ...ping])
})

test('gives up a browser that once answered and then is silent for three pings [W-22]', async () => {
  const { browser, guest } = open()
  await tick(10_000)
  browser.sends(...maskedPong)
  await tick(0)
  for (let round = 0; round < 3; round += 1) await tick(10_000)
  expect(browser.socket.destroyed).toBe(false)
  await tick(10_000)
  expect([browser.socket.destroyed, guest.socket.destroyed]).toEqual([true, true])
})

test('keeps an end that never answers pings but sends', async () => {
  const { browser, guest } = open()
  for (let round = 0; round < 10; round += 1) {
    guest.sends(0x82, 1, round)
    browser.sends(...maskedPong)
    await tick(10_000)
  }
  expect(browser.socket.destroyed).toBe(false)
})

test('tells the browser the reason between two frames, and only ends where a frame was cut', async () => {
  const whole = open()
  whole.tunnel.close(4403, 'no')
  await tick(0)
  expect([...whole.browser.written()]).toEqual([0x88, 4, 0x11, 0x33, ...Buffer.from('no')])
  const cut = open()
  cut.guest.sends(0x82, 4, 1)
  await tick(0)
  cut.tunnel.close(4403, 'no')
  await tick(0)
  expect([...cut.browser.written()]).toEqual([0x82, 4, 1])
  expect(cut.browser.socket.destroyed).toBe(true)
})

/** Ends that answer pings, as RFC 6455 has it, and a middle box that cuts each after `idleMs` without a byte. */
function openThroughMiddleBox(idleMs: number) {
  const { browser, guest } = open()
  const cuts: string[] = []
  for (const [name, end, answer] of [
    ['browser', browser, maskedPong],
    ['guest', guest, pong],
  ] as const) {
    let timer = setTimeout(() => cuts.push(name), idleMs)
    const write = end.socket._write.bind(end.socket)
    end.socket._write = (chunk: Buffer, encoding, done) => {
      write(chunk, encoding, done)
      clearTimeout(timer)
      timer = setTimeout(() => {
        cuts.push(name)
        end.socket.destroy()
      }, idleMs)
      end.sends(...answer)
    }
    end.socket.once('close', () => clearTimeout(timer))
  }
  return { browser, guest, cuts }
}

test('keeps an idle console alive for an hour behind a box that cuts what is idle for 15 seconds [W-17]', async () => {
  const { browser, guest, cuts } = openThroughMiddleBox(15_000)
  for (let second = 0; second < 3_600; second += 5) await tick(5_000)
  expect(cuts).toEqual([])
  expect([browser.socket.destroyed, guest.socket.destroyed]).toEqual([false, false])
  // A ping every ten seconds, and nothing else.
  expect(browser.written()).toHaveLength(360 * ping.length)
  expect(guest.written()).toHaveLength(360 * 10)
})

test.each(['browser', 'guest'] as const)('gives both ends up within 40 seconds of the %s’s last word [W-22]', async (end) => {
  const { browser, guest, tunnel } = open()
  const ends = { browser, guest }
  let over = false
  void tunnel.ended.then(() => (over = true))
  await tick(10_000)
  browser.sends(...maskedPong)
  guest.sends(...pong)
  await tick(0)
  for (let round = 0; round < 3; round += 1) {
    await tick(10_000)
    if (end === 'guest') browser.sends(...maskedPong)
    else guest.sends(...pong)
    await tick(0)
  }
  expect(ends[end].socket.destroyed).toBe(false)
  await tick(10_000)
  expect([browser.socket.destroyed, guest.socket.destroyed, over]).toEqual([true, true, true])
  expect(vi.getTimerCount()).toBe(0)
})

test('gives up a browser that never answered a ping: every browser does [W-22]', async () => {
  const { browser, guest } = open()
  for (let round = 0; round < 4; round += 1) await tick(10_000)
  expect([browser.socket.destroyed, guest.socket.destroyed]).toEqual([true, true])
})

test('says when bytes arrive from either side, and not when it sends pings of its own', async () => {
  const { browser, guest, onBytes } = open()
  await tick(10_000)
  expect(onBytes).not.toHaveBeenCalled()
  guest.sends(0x82, 1, 7)
  await tick(0)
  expect(onBytes).toHaveBeenCalledTimes(1)
  browser.sends(...maskedPong)
  await tick(0)
  expect(onBytes).toHaveBeenCalledTimes(2)
})
