import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { standardOutputSink } from './sink.ts'

/** The two ends of a pipe; the writer's as the shell opens it for us: waiting when it is full. */
async function openPipe(): Promise<{ reader: number; writer: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'virtdeck-pipe-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader, writer: openSync(path, constants.O_WRONLY) }
}

test('takes nothing from a pipe that nobody reads, at once, and goes on when somebody does [L-04]', async () => {
  const { reader, writer } = await openPipe()
  onTestFinished(() => [reader, writer].forEach((fd) => closeSync(fd)))
  const sink = standardOutputSink(writer)
  const line = Buffer.alloc(1_000, 'x')
  let taken = 0
  for (let bytes = await sink.write([line]); bytes > 0; bytes = await sink.write([line])) taken += bytes
  expect(taken).toBeGreaterThan(4_096)
  expect(taken % line.length).toBe(0)
  readSync(reader, Buffer.alloc(8_192))
  expect(await sink.write([line])).toBe(line.length)
})

test('rejects where the reader has gone, so that it is tried again', async () => {
  const { reader, writer } = await openPipe()
  const sink = standardOutputSink(writer)
  closeSync(reader)
  await expect(sink.write([Buffer.from('x')])).rejects.toThrow('EPIPE')
  closeSync(writer)
})
