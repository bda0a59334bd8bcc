// A server in front of an API server that answers what a test tells it to, with ann signed in: what most tests of the gate begin with.
import { startServer, type RunningServer, type ServerConfig } from '../index.ts'
import { openBrowser, type Browser } from './browser.ts'
import { startHostileApiServer, token, type HostileApiServer } from './hostile-api-server.ts'
import { memorySink } from './memory-sink.ts'

export type BehindHostileApi = AsyncDisposable & { api: HostileApiServer; server: RunningServer; ann: Browser }

/** A config for `api` on a free port of the loopback interface, with no web and no log. */
export function configFor(api: HostileApiServer, overrides: Partial<ServerConfig> = {}): ServerConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    webRoot: '/nonexistent',
    kubeconfig: { text: api.kubeconfig },
    logLevel: 'silent',
    audit: { sink: memorySink() },
    ...overrides,
  }
}

export async function startBehindHostileApi(overrides: Partial<ServerConfig> = {}): Promise<BehindHostileApi> {
  const api = await startHostileApiServer()
  const server = await startServer(configFor(api, overrides))
  const ann = openBrowser(server.url)
  await ann.signIn({ mode: 'token', token })
  return {
    api,
    server,
    ann,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}
