import { once } from 'node:events'
import { Duplex } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import type { Status } from '@virtdeck/k8s'
import { ownOrigins } from './auth/provenance.ts'
import type { Context } from './context.ts'
import { createLogger } from './logger.ts'
import { createUpgradeGate } from './upgrade.ts'

test('tells of a handshake’s error that nobody foresaw only the id under which the log has it [P-18]', async () => {
  const lines: { requestId?: string; err?: { message: string } }[] = []
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) })
  const sessions = {
    of() {
      throw new Error('ENOENT: /etc/virtdeck/key')
    },
  }
  const context = { own: ownOrigins({ host: '127.0.0.1', port: 8080 }), sessions, log } as unknown as Context
  const destination = { accept() {}, close() {} }
  const gate = createUpgradeGate(context, { live: destination, consoles: destination })
  const headers = {
    host: '127.0.0.1:8080',
    origin: 'http://127.0.0.1:8080',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  let answered = ''
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      answered += chunk.toString()
      done()
    },
  })
  const closed = once(socket, 'close')
  gate.handle(
    { method: 'GET', httpVersion: '1.1', url: '/live', headers, rawHeaders: [] } as unknown as IncomingMessage,
    socket,
    Buffer.alloc(0),
  )
  await closed
  const [head = '', body = ''] = answered.split('\r\n\r\n')
  const [, id] = /X-Request-Id: (.*)/.exec(head) ?? []
  expect((JSON.parse(body) as Status).message).toBe(`Something went wrong in virtdeck. Its log has more under the request id ${id}.`)
  expect(lines).toMatchObject([{ requestId: id, err: { message: expect.stringContaining('ENOENT') } }])
})
