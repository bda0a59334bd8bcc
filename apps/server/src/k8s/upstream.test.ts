import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Dial } from '../auth/kubeconfig.ts'
import { createUpstream, keptByDial, readAll } from './upstream.ts'

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

test('says in plain words that the cluster does not serve what is asked', async () => {
  const server = createServer((_req, res) => res.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const upstream = createUpstream()
  try {
    const dial = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tls: {} }
    await expect(upstream.json(dial, 'GET', '/apis/kubevirt.io/v1/kubevirts')).rejects.toMatchObject({
      status: { code: 404, message: 'The cluster does not serve the API kubevirt.io. Is KubeVirt installed?' },
    })
  } finally {
    upstream.close()
    server.close()
  }
})

test('asks again on a new connection where all that were kept are closed, and changes nothing twice', async () => {
  const served = new WeakSet<object>()
  const seen: string[] = []
  // Whoever comes a second time on a connection finds it closed.
  const server = createServer((req: IncomingMessage, res) => {
    seen.push(`${req.method} ${req.url}`)
    if (served.has(req.socket)) return void req.socket.destroy()
    served.add(req.socket)
    setImmediate(() => res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upstream = createUpstream()
  try {
    const dial = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tls: {} }
    const keepTwo = () => Promise.all(['/a', '/b'].map((path) => upstream.json(dial, 'GET', path)))
    await keepTwo()
    seen.splice(0)
    expect(await upstream.json(dial, 'POST', '/review', {})).toEqual({})
    expect(seen).toEqual(['POST /review', 'POST /review'])
    seen.splice(0)
    await expect(upstream.send(dial, { method: 'POST', path: '/vm' })).rejects.toMatchObject({ code: 503 })
    expect(seen).toEqual(['POST /vm'])
  } finally {
    upstream.close()
    server.closeAllConnections()
    server.close()
  }
})

test('keeps the connections of each TLS setting, and closes those that a renewed certificate has put out of use', () => {
  let now = 0
  const busy = new Set<string>()
  const open = new Set<string>()
  const kept = keptByDial(
    ({ tls: { cert = '' } }) => {
      open.add(cert)
      return { cert, busy: () => busy.has(cert), close: () => open.delete(cert) }
    },
    () => now,
  )
  const dial = (cert: string): Dial => ({ url: 'https://cluster', tls: { cert } })
  const first = dial('first')
  const made = kept.of(first)
  expect(kept.of(dial('first'))).toBe(made)
  for (let hour = 1; hour <= 100; hour += 1) {
    now += 3_600_000
    if (hour === 50) busy.add('of hour 50')
    kept.of(dial(`of hour ${hour}`))
  }
  // A watch goes on with the certificate that it was opened with.
  expect([...open]).toEqual(['of hour 50', 'of hour 100'])
  // Whoever still has the old settings is given what is open, not what was closed.
  expect(kept.of(first)).not.toBe(made)
  expect(open).toContain('first')
  kept.close()
  expect(open.size).toBe(0)
})
