import { expect, test } from 'vitest'
import { createGivingWay, createRightOfWay, takeRightOfWay } from './right-of-way.ts'

/** A thread that works between two pieces of a list for as long as the test says. */
function reader() {
  const way = createRightOfWay()
  let nowMs = Date.now()
  let activeMs = 0
  const rests: number[] = []
  const pass = (ms: number) => {
    nowMs += ms
    activeMs += ms
  }
  const giveWay = createGivingWay(way, {
    now: () => nowMs,
    activeMs: () => activeMs,
    rest(ms) {
      rests.push(ms)
      pass(ms)
    },
  })
  return {
    rests,
    bytesPass: takeRightOfWay(way),
    works(...pieces: number[]) {
      for (const ms of pieces) {
        pass(ms)
        giveWay()
      }
    },
    waits: (ms: number) => void (nowMs += ms),
  }
}

test('rests as long as it worked while bytes go through a console, after a millisecond and more', () => {
  const { rests, bytesPass, works } = reader()
  bytesPass()
  works(0.25, 0.25, 0.5, 0.25, 0.75, 3)
  expect(rests).toEqual([1, 1, 3])
})

test('does not rest where no console is open, nor once screens stand still', () => {
  const { rests, bytesPass, works, waits } = reader()
  works(5, 5, 5)
  expect(rests).toEqual([])
  bytesPass()
  waits(200)
  works(5)
  expect(rests).toEqual([])
})

test('counts what it waited for the API server as rest', () => {
  const { rests, bytesPass, works, waits } = reader()
  bytesPass()
  works(0.5)
  waits(50)
  works(0.25)
  expect(rests).toEqual([])
})

test('never keeps live changes waiting for longer than 8 ms, whatever it worked', () => {
  const { rests, bytesPass, works } = reader()
  bytesPass()
  works(70)
  expect(rests).toEqual([8])
})

test('rests for real: a thread without busy consoles is through at once, and takes twice as long beside one', () => {
  const elapsed = (busy: boolean) => {
    const way = createRightOfWay()
    const take = takeRightOfWay(way)
    const giveWay = createGivingWay(way)
    const startedAt = performance.now()
    let restedMs = 0
    for (let piece = 0; piece < 20; piece += 1) {
      if (busy) take()
      const until = performance.now() + 1.1
      while (performance.now() < until);
      const before = performance.now()
      giveWay()
      restedMs += performance.now() - before
    }
    return { restedMs, ms: performance.now() - startedAt }
  }
  const quiet = elapsed(false)
  const busy = elapsed(true)
  expect(quiet.restedMs / quiet.ms).toBeLessThan(0.2)
  expect(busy.restedMs / busy.ms).toBeGreaterThan(0.2)
})
