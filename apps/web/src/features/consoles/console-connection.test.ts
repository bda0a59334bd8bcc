import { afterEach, expect, test } from 'vitest'
import { WebSocket as NodeWebSocket, WebSocketServer, type WebSocket as Peer } from 'ws'
import { consolePath, createConsoleConnection, type ConsoleLink } from './console-connection.ts'
import type { ConsoleKind, ConsolePhase } from './console-session.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})
const ref = { namespace: 'team-a', name: 'web-01' }

/** A connection to a server that `answer`s each of its sockets. */
async function connect(kind: ConsoleKind, answer: (peer: Peer, path: string) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const paths: string[] = []
  server.on('connection', (peer, request) => {
    paths.push(request.url ?? '')
    answer(peer, request.url ?? '')
  })
  const { port } = server.address() as { port: number }
  const connection = createConsoleConnection(
    ref,
    kind,
    { power: 'up' },
    // The same interface, but for the parts that no console uses.
    async (path) => new NodeWebSocket(`ws://127.0.0.1:${port}${path}`) as unknown as WebSocket,
  )
  ends.push(() => {
    connection.close()
    for (const peer of server.clients) peer.terminate()
    server.close()
  })
  const received: string[] = []
  let closes = 0
  let link: ConsoleLink | undefined
  connection.serve((next) => {
    link = next
    next.onBytes((bytes) => received.push(Buffer.from(bytes).toString()))
    next.onClose(() => (closes += 1))
  })
  const phase = (name: ConsolePhase['name']) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (connection.session().phase.name !== name) return
        end()
        resolve()
      }
      const end = connection.subscribe(check)
      check()
    })
  return { connection, server, paths, received, phase, link: () => link, closes: () => closes }
}

test('asks the server to spare a session in use, unless somebody clicked to take it over', () => {
  const vnc = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc'
  expect(consolePath(ref, 'vnc', false)).toBe(`${vnc}?preserveSession=true`)
  expect(consolePath(ref, 'vnc', true)).toBe(`${vnc}?preserveSession=false`)
  expect(consolePath(ref, 'serial', true)).toMatch(/\/virtualmachineinstances\/web-01\/console$/)
})

test('is live with the first bytes of the guest, and hands on what both say', async () => {
  const heard: string[] = []
  const { connection, received, phase, link } = await connect('vnc', (peer) => {
    peer.on('message', (data: Buffer) => {
      heard.push(data.toString())
      peer.send(Buffer.from('there'))
    })
    peer.send(Buffer.from('hello'))
  })
  connection.dispatch({ type: 'open' })
  await phase('live')
  link()?.send(new TextEncoder().encode('who is'))
  await expect.poll(() => received).toEqual(['hello', 'there'])
  expect(heard).toEqual(['who is'])
})

test('never shows a refused screen as live, and takes over on a click', async () => {
  const { connection, paths, phase, link } = await connect('vnc', (peer, path) => {
    if (path.includes('preserveSession=true')) peer.close(4409, 'Somebody else uses this console.')
    else peer.send(Buffer.from('RFB 003.008\n'))
  })
  connection.dispatch({ type: 'open' })
  await phase('inUse')
  expect(link()).toBeUndefined()
  connection.dispatch({ type: 'takeOver' })
  await phase('live')
  expect(paths.map((path) => path.split('?')[1])).toEqual(['preserveSession=true', 'preserveSession=false'])
})

test('comes back by itself after a drop, on a new link', async () => {
  let dropped = false
  const { connection, paths, phase, link, closes } = await connect('vnc', (peer) => {
    peer.send(Buffer.from('picture'))
    if (!dropped) setImmediate(() => peer.terminate())
    dropped = true
  })
  connection.dispatch({ type: 'open' })
  await phase('live')
  const first = link()
  await phase('reconnecting')
  expect(closes()).toBe(1)
  await phase('live')
  expect(link()).not.toBe(first)
  expect(paths).toHaveLength(2)
})

test('closes its socket when the console is given away, and dials no more', async () => {
  const { connection, server, paths, phase, closes } = await connect('serial', () => {})
  connection.dispatch({ type: 'open' })
  await phase('live')
  connection.dispatch({ type: 'release' })
  expect(closes()).toBe(1)
  await expect.poll(() => server.clients.size).toBe(0)
  expect(connection.session().phase).toEqual({ name: 'released' })
  expect(paths).toHaveLength(1)
})

test('lets a socket open that it no longer wants, closes it then, and serves nobody', async () => {
  const codes: number[] = []
  const { connection, server, paths, link } = await connect('serial', (peer) => peer.on('close', (code) => codes.push(code)))
  connection.dispatch({ type: 'open' })
  // The ticket is there, and the socket is on its way.
  await Promise.resolve()
  connection.dispatch({ type: 'release' })
  await expect.poll(() => codes).toEqual([1000])
  expect(server.clients.size).toBe(0)
  expect(link()).toBeUndefined()
  expect(connection.session().phase).toEqual({ name: 'released' })
  expect(paths).toHaveLength(1)
})
