// A Prometheus that answers what a test tells it to.
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export type HostilePrometheus = AsyncDisposable & {
  url: string
  asked: { url: URL; headers: IncomingMessage['headers'] }[]
  /** How it answers from now on. */
  answers(listener: RequestListener): void
}

/** Over TLS where there is a certificate. */
export async function startHostilePrometheus(certificate?: { cert: string; key: string }): Promise<HostilePrometheus> {
  const asked: HostilePrometheus['asked'] = []
  let answer: RequestListener = (_req, res) => void res.writeHead(404).end()
  const listener: RequestListener = (req, res) => {
    asked.push({ url: new URL(req.url ?? '', 'http://prometheus'), headers: req.headers })
    return answer(req, res)
  }
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answers: (next) => void (answer = next),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
