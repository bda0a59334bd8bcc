import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StatusError } from '@virtdeck/k8s'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { memorySink } from '../testing/memory-sink.ts'
import { openAudit, type Audit } from './audit.ts'
import type { Entry } from './record.ts'
import { fileSink } from './sink.ts'
import { audit as verify } from './verify-main.ts'

const log = createLogger('silent')
const entry: Entry = { id: '00000000-0000-4000-8000-000000000000', event: 'vm.start', actor: { kind: 'anonymous' } }

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'virtdeck-audit-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Begins operations until the log says that it has no room, at most `limit`. */
function fill(audit: Audit, limit = 100_000): number {
  for (let begun = 0; begun < limit; begun += 1) {
    try {
      audit.assertRoom()
    } catch (error) {
      if (error instanceof StatusError && error.code === 503) return begun
      throw error
    }
    audit.begin(entry)({ status: 200 })
  }
  return limit
}

test('writes one start and one outcome, however often an end is told [L-01]', async () => {
  const sink = memorySink()
  {
    await using audit = await openAudit({ sink }, { log })
    const end = audit.begin(entry)
    end({ status: 403 })
    end({ status: 200 })
    audit.begin(entry)
  }
  expect(
    sink.records().map(({ event, phase, ...record }) => [event, phase, 'result' in record ? record.result?.reason : undefined]),
  ).toEqual([
    ['server.start', 'event', undefined],
    ['vm.start', 'start', undefined],
    ['vm.start', 'outcome', 'Forbidden'],
    ['vm.start', 'start', undefined],
    // Nobody told how the second one ended before the server did.
    ['vm.start', 'outcome', 'ServerStopped'],
    ['server.stop', 'event', undefined],
  ])
})

test('refuses writes once 4 MiB wait for a sink that takes nothing, and takes them again when it does [L-04]', async () => {
  const sink = memorySink()
  await using audit = await openAudit({ sink }, { log })
  sink.room = 0
  expect(fill(audit)).toBeGreaterThan(1_000)
  const { backlogBytes } = audit.health()
  expect(backlogBytes).toBeGreaterThan(4 * 1024 * 1024)
  expect(backlogBytes).toBeLessThan(4 * 1024 * 1024 + 4096)
  sink.room = Infinity
  await audit.drained()
  expect(() => audit.assertRoom()).not.toThrow()
  expect(audit.health()).toMatchObject({ backlogBytes: 0, dropped: 0 })
})

test('does the same while a sink is broken, and says so once in the server’s log [L-04]', async () => {
  const sink = memorySink()
  const said: string[] = []
  await using audit = await openAudit({ sink }, { log: createLogger('error', { write: (line) => void said.push(line) }) })
  await audit.drained()
  sink.broken = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  fill(audit)
  await new Promise(setImmediate)
  expect(audit.health().failing).toBe(true)
  expect(said).toHaveLength(1)
  sink.broken = undefined
  await audit.drained()
  expect(audit.health().failing).toBe(false)
})

test('says how many records found no room at all, and the chain holds all the same [L-04] [L-06]', async () => {
  const sink = memorySink()
  await using audit = await openAudit({ sink }, { log })
  sink.room = 0
  for (let count = 0; count < 60_000; count += 1) audit.event({ event: 'gate.reject', gate: 'host', actor: { kind: 'anonymous' } })
  const { dropped, backlogBytes } = audit.health()
  expect(dropped).toBeGreaterThan(0)
  expect(backlogBytes).toBeLessThanOrEqual(8 * 1024 * 1024)
  sink.room = Infinity
  await audit.drained()
  audit.begin(entry)({ status: 200 })
  await audit.drained()
  const gap = sink.records().find(({ event }) => event === 'log.gap')
  expect(gap).toMatchObject({ missing: dropped })
})

test('loses nothing of a sink that takes a few bytes at a time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 50 }), async (rooms) => {
      const sink = memorySink()
      const audit = await openAudit({ sink }, { log })
      const write = sink.write
      let turn = 0
      sink.write = (lines) => {
        sink.room = rooms[turn++ % rooms.length] ?? 1
        return write(lines)
      }
      for (let count = 0; count < 20; count += 1) audit.begin(entry)({ status: 200 })
      await audit.drained()
      expect(sink.records()).toHaveLength(41)
      await audit[Symbol.asyncDispose]()
    }),
    { numRuns: 30 },
  )
})

test('rotates its file by size, keeps as many as it was told to, and verifies across all of them [L-06]', async () => {
  const file = join(await directory(), 'audit.log')
  let head
  {
    await using audit = await openAudit({ file, maxFileBytes: 20_000, maxFiles: 3 }, { log })
    for (let count = 0; count < 200; count += 1) {
      audit.begin(entry)({ status: 200 })
      await audit.drained()
    }
    head = audit.head()
  }
  expect((await readdir(join(file, '..'))).toSorted()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2', 'audit.log.3'])
  for (const name of ['audit.log.1', 'audit.log.2', 'audit.log.3']) {
    const text = await readFile(join(file, '..', name), 'utf8')
    expect(text.length).toBeLessThanOrEqual(20_000)
    expect(text.endsWith('\n')).toBe(true)
  }
  const said: string[] = []
  const check = (...args: string[]) => verify(args, {}, (line) => said.push(line))
  expect(await check(file, '--head', `${head.chain}:${head.seq}:${head.hash}`)).toBe(0)
  expect(await check(file, '--from-start')).toBe(1)
  expect(said.some((line) => line.includes('what was before is not here'))).toBe(true)
})

test('goes on in the file of the server before it, and closes what that one left open when it was killed [L-01]', async () => {
  const file = join(await directory(), 'audit.log')
  const key = randomBytes(32).toString('base64')
  const killed = await openAudit({ file, key }, { log })
  killed.begin(entry)
  await killed.drained()
  {
    await using next = await openAudit({ file, key }, { log })
    expect(next.history.list().find(({ event }) => event === 'vm.start')).toMatchObject({
      running: false,
      result: { status: 0, reason: 'ServerKilled' },
    })
  }
  const said: string[] = []
  expect(await verify([file, '--from-start'], { VIRTDECK_AUDIT_KEY: key }, (line) => said.push(line))).toBe(0)
  expect(await verify([file], {}, (line) => said.push(line))).toBe(1)
  await killed[Symbol.asyncDispose]()
})

test('goes on in a large log after reading its end alone', async () => {
  const file = join(await directory(), 'audit.log')
  {
    await using audit = await openAudit({ file, maxFileBytes: 6 * 1024 * 1024 }, { log })
    for (let count = 0; count < 9_000; count += 1) audit.begin(entry)({ status: 200 })
  }
  {
    await using audit = await openAudit({ file, maxFileBytes: 6 * 1024 * 1024 }, { log })
    expect(audit.head().seq).toBe(18_003)
  }
  expect(await verify([file, '--from-start'], {}, () => {})).toBe(0)
})

test('finds an end that was cut off, against a head noted elsewhere [L-06]', async () => {
  const file = join(await directory(), 'audit.log')
  let head
  {
    await using audit = await openAudit({ file }, { log })
    for (let count = 0; count < 5; count += 1) audit.begin(entry)({ status: 200 })
    head = audit.head()
  }
  const text = await readFile(file, 'utf8')
  await truncate(file, text.slice(0, -1).lastIndexOf('\n', text.length * 0.7) + 1)
  const said: string[] = []
  expect(await verify([file], {}, (line) => said.push(line))).toBe(0)
  expect(await verify([file, '--head', `${head.chain}:${head.seq}:${head.hash}`], {}, (line) => said.push(line))).toBe(1)
})

test('says what is wrong with the arguments of the verifier', async () => {
  const said: string[] = []
  const check = (...args: string[]) => verify(args, {}, (line) => said.push(line))
  expect(await check()).toBe(2)
  expect(await check('/no/such/file')).toBe(2)
  expect(await check('-', '--head', 'x')).toBe(2)
  expect(said).toContain('There is no file /no/such/file.')
  expect(said).toContain('--head takes CHAIN:SEQ:HASH, not "x".')
})

test('rejects a file that cannot be made', async () => {
  const sink = fileSink({ file: join(await directory(), 'missing', 'audit.log'), maxFileBytes: 1, maxFiles: 1 })
  await expect(sink.write([Buffer.from('x\n')])).rejects.toThrow('ENOENT')
})
