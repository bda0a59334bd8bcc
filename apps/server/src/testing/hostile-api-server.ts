// An API server that answers what a test tells it to: for the answers that neither a real nor the simulated one gives.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

export type HostileApiServer = AsyncDisposable & {
  url: string
  kubeconfig: string
  /** Requests that reached it, other than those of sign-in and inventory. */
  seen: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[]
  /** Every request, those of sign-in and inventory as well. */
  asked: { path: string; headers: IncomingMessage['headers'] }[]
  /** Called for everything that is not a review or a list of the inventory. */
  answer(handler: (req: IncomingMessage, res: ServerResponse) => void): void
  /** What lists of the inventory and of watches hold, by whom they are asked; nothing unless told otherwise. */
  items(handler: (name: string, path: string) => object[]): void
  /** Serves with another certificate from now on, and hangs up on everybody who has seen the one before. */
  present(certificate: Certificate): void
  upgrade(handler: (req: IncomingMessage, socket: Duplex, head: Buffer) => void): void
  /** Whether reviews are answered 401, whoever asks. */
  refuseEverybody(refuse: boolean): void
}

type Certificate = { cert: string; key: string }

export const token = 'hostile-token'

/** A token as whose bearer the API server knows somebody else than ann. */
export const tokenOf = (name: string) => `${token}-of-${name}`
const bearer = (req: IncomingMessage) => /-of-(\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? 'ann'

/** Over TLS where there is a certificate. */
export async function startHostileApiServer(certificate?: Certificate): Promise<HostileApiServer> {
  const seen: HostileApiServer['seen'] = []
  const asked: HostileApiServer['asked'] = []
  let answer: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => void res.writeHead(404).end()
  let items: (name: string, path: string) => object[] = () => []
  let upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void = (_req, socket) => socket.destroy()
  let refusesEverybody = false
  const json = (res: ServerResponse, code: number, body: unknown) => {
    res.writeHead(code, { 'content-type': 'application/json' })
    res.end(JSON.stringify(body))
  }

  const listener: RequestListener = (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://api')
    asked.push({ path: req.url ?? '', headers: req.headers })
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      if (refusesEverybody && pathname.endsWith('reviews')) return json(res, 401, { kind: 'Status', status: 'Failure', code: 401 })
      if (pathname.endsWith('selfsubjectreviews'))
        return json(res, 201, { status: { userInfo: { username: req.headers['impersonate-user'] ?? bearer(req), groups: [] } } })
      if (pathname.endsWith('selfsubjectaccessreviews')) return json(res, 201, { status: { allowed: true } })
      if (searchParams.has('sendInitialEvents')) return json(res, 422, { kind: 'Status', status: 'Failure', code: 422 })
      if (searchParams.get('watch') === '1') return res.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      if (searchParams.get('limit') === '500')
        return json(res, 200, { kind: 'List', metadata: { resourceVersion: '1' }, items: items(bearer(req), pathname) })
      seen.push({ method: req.method ?? '', path: req.url ?? '', headers: req.headers, body })
      answer(req, res)
    })
  }
  const secure = certificate && createTlsServer(certificate, listener)
  const server = secure ?? createServer(listener)
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    seen.push({ method: 'UPGRADE', path: req.url ?? '', headers: req.headers, body: '' })
    upgrade(req, socket, head)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`

  return {
    seen,
    url,
    asked,
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'ann',
      clusters: [{ name: 'hostile', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'ann', user: { token } }],
      contexts: [{ name: 'ann', context: { cluster: 'hostile', user: 'ann' } }],
    }),
    answer: (handler) => (answer = handler),
    items: (handler) => (items = handler),
    present(next) {
      secure?.setSecureContext(next)
      server.closeAllConnections()
    },
    upgrade: (handler) => (upgrade = handler),
    refuseEverybody: (refuse) => (refusesEverybody = refuse),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
