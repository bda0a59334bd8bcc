// The simulated Prometheus on a port of its own, as a Service in front of a real one is: plain HTTP, no sign-in.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Storage } from '../storage/storage.ts'
import { createDatabase } from './database.ts'
import { createPrometheusApi } from './prometheus-api.ts'

export type PrometheusServer = AsyncDisposable & { url: string }

export type PrometheusOptions = {
  storage: Storage
  clock: Clock
  seed: number
  host: string
  /** In URLs, where it is not the host that is listened on. */
  urlHost?: string
  /** 0 takes a free one. */
  port: number
  onError(error: unknown): void
}

/** Records from now on what it needs to know of the past. Rejects when the port is taken. */
export async function startPrometheus({
  storage,
  clock,
  seed,
  host,
  urlHost = host,
  port,
  onError,
}: PrometheusOptions): Promise<PrometheusServer> {
  const database = createDatabase({ storage, clock, seed })
  const serve = createPrometheusApi({ database, clock })
  const server = createServer((req, res) => {
    serve(req, res).catch((error: unknown) => {
      onError(error)
      res.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  }).catch((error: unknown) => {
    database.stop()
    throw error
  })
  return {
    url: `http://${urlHost}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      database.stop()
    },
  }
}
