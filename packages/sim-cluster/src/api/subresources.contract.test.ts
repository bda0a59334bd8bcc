import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'
import type { SubresourceRequest, Subresources } from './context.ts'
import { conflict } from './status.ts'

const vmRef = { group: 'kubevirt.io', plural: 'virtualmachine', kind: 'VirtualMachine' }

/** One verb and one console: how they are reached is tested here, what they do belongs to KubeVirt. */
function subresources(seen: unknown[] = []): Subresources {
  return {
    http: new Map([
      [
        'virtualmachines/start',
        {
          methods: ['PUT'],
          handle({ body, name, user }: SubresourceRequest) {
            seen.push({ body, name, user: user.username })
            if (name === 'running') throw conflict(vmRef, name, 'VM is already running')
            return { code: 202 }
          },
        },
      ],
      ['virtualmachineinstances/vnc/screenshot', { methods: ['GET'], handle: () => ({ code: 200, png: Buffer.from('png') }) }],
    ]),
    upgrade: new Map([
      [
        'virtualmachineinstances/console',
        (_request, { req, socket }) => {
          const accept = createHash('sha1')
            .update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
            .digest('base64')
          socket.write(
            `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Protocol: ${req.headers['sec-websocket-protocol']}\r\n\r\n`,
          )
          socket.end()
        },
      ],
    ]),
  }
}

const base = '/apis/subresources.kubevirt.io/v1/namespaces/team-a'
const anything = { Accept: '*/*' }

async function upgrade(server: TestApiServer, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const sent = httpsRequest(`${server.url}${path}`, {
    ca: server.caCert,
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'x3JJHMbDL1EzLkh9GBhXDw==',
      ...headers,
    },
  })
  sent.end()
  const [response] = (await Promise.race([once(sent, 'upgrade'), once(sent, 'response')])) as [IncomingMessage]
  sent.destroy()
  return response
}

describe("KubeVirt's subresources", () => {
  test('get the parsed body and the user, and answer without a body', async () => {
    const seen: unknown[] = []
    await using server = await startTestApiServer({ subresources: subresources(seen) })
    const started = await server.request('alice', 'PUT', `${base}/virtualmachines/web/start`, { body: { paused: true }, headers: anything })
    expect([started.code, started.text]).toEqual([202, ''])
    expect(seen).toEqual([{ body: { paused: true }, name: 'web', user: 'alice' }])
    const refused = await server.request('alice', 'PUT', `${base}/virtualmachines/running/start`, { headers: anything })
    expect(refused.json()).toMatchObject({ code: 409, reason: 'Conflict' })
  })

  test('refuse JSON-only clients, unknown routes and wrong methods in plain text, after authorization', async () => {
    await using server = await startTestApiServer({ subresources: subresources() })
    const notAcceptable = await server.request('alice', 'PUT', `${base}/virtualmachines/web/start`)
    expect([notAcceptable.code, notAcceptable.text]).toEqual([406, '406: Not Acceptable\n\nAvailable representations: '])
    const unknown = await server.request('admin', 'GET', `${base}/virtualmachines/web/nosuch`, { headers: anything })
    expect([unknown.code, unknown.text]).toEqual([404, '404: Page Not Found'])
    const wrongMethod = await server.request('admin', 'POST', `${base}/virtualmachines/web/start`, { body: {}, headers: anything })
    expect([wrongMethod.code, wrongMethod.headers.allow]).toEqual([405, 'PUT'])
    expect((await server.request('viewer', 'PUT', `${base}/virtualmachines/web/start`, { headers: anything })).code).toBe(403)
  })

  test('serve a screenshot to who may see the screen', async () => {
    await using server = await startTestApiServer({ subresources: subresources() })
    const path = `${base}/virtualmachineinstances/web/vnc/screenshot`
    expect((await server.request('alice', 'GET', path, { headers: anything })).headers['content-type']).toBe('image/png')
    expect((await server.request('viewer', 'GET', path, { headers: anything })).code).toBe(403)
  })

  test('upgrade to a console with a token in the header or in a subprotocol, which is kept from the guest', async () => {
    await using server = await startTestApiServer({ subresources: subresources() })
    const path = `${base}/virtualmachineinstances/web/console`
    const byHeader = await upgrade(server, path, { Authorization: 'Bearer token-of-alice', 'Sec-WebSocket-Protocol': 'plain.kubevirt.io' })
    expect([byHeader.statusCode, byHeader.headers['x-protocol']]).toEqual([101, 'plain.kubevirt.io'])
    const token = Buffer.from('token-of-alice').toString('base64url')
    const protocols = `base64url.bearer.authorization.k8s.io.${token}, plain.kubevirt.io`
    const bySubprotocol = await upgrade(server, path, { 'Sec-WebSocket-Protocol': protocols })
    expect([bySubprotocol.statusCode, bySubprotocol.headers['x-protocol']]).toEqual([101, 'plain.kubevirt.io'])
  })

  test('refuse an upgrade with an ordinary answer', async () => {
    await using server = await startTestApiServer({ subresources: subresources() })
    const path = `${base}/virtualmachineinstances/web/console`
    expect((await upgrade(server, path, {})).statusCode).toBe(401)
    expect((await upgrade(server, path, { Authorization: 'Bearer token-of-viewer' })).statusCode).toBe(403)
    const plain = await server.request('alice', 'GET', path, { headers: anything })
    expect(plain.code).toBe(400)
    expect(plain.text).toContain("'upgrade' token not found in 'Connection' header")
  })
})
