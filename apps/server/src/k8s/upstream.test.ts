import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readAll } from './upstream.ts'

test('reads a body to its end, and no body that is too large or that does not end', async () => {
  expect(await readAll(Readable.from([Buffer.from('ab'), Buffer.from('c')]), 3)).toEqual(Buffer.from('abc'))
  const large = Readable.from([Buffer.from('ab'), Buffer.from('cd'), Buffer.from('ef')])
  await expect(readAll(large, 3)).rejects.toMatchObject({ code: 502 })
  expect(large.destroyed).toBe(true)
  const endless = new Readable({ read() {} })
  endless.push('ab')
  await expect(readAll(endless, 3, 1)).rejects.toMatchObject({ code: 504 })
  expect(endless.destroyed).toBe(true)
})
