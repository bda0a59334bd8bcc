import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadKubeconfig } from './auth/kubeconfig.ts'
import { ConfigError, readConfig, type DemoUser, type ServerConfig } from './config.ts'
import { yieldHelperThreads } from './helper-threads.ts'
import { startServer } from './index.ts'

/** Where the build puts the web, seen from the bundle and from the source. */
const webRoots = ['../apps/web/dist', '../../web/dist'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

function demoUsers(config: ServerConfig, contexts: readonly string[]): DemoUser[] | undefined {
  if (contexts.length === 0) return undefined
  const kubeconfig = loadKubeconfig(config)
  return contexts.map((name) => {
    const token = kubeconfig.token(name)
    if (!token) throw new ConfigError(`VIRTDECK_DEMO_CONTEXTS: the kubeconfig's context "${name}" has no user with a token.`)
    return { name, description: `Context ${name} of the kubeconfig`, token }
  })
}

async function main(): Promise<void> {
  yieldHelperThreads()
  // A full disk or a reader that has gone costs lines, not the server; the audit log has its own way of being told.
  process.stdout.on('error', () => {})
  const webRoot = webRoots.find((path) => existsSync(path)) ?? webRoots[0] ?? ''
  const { config, demoContexts } = readConfig(process.env, { webRoot })
  await using server = await startServer({ ...config, demoUsers: demoUsers(config, demoContexts) })
  process.stdout.write(`virtdeck ready: ${server.launchUrl?.() ?? server.url}\n`)
  await new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}

main().catch((error: unknown) => {
  const known = error instanceof ConfigError || (error instanceof Error && 'code' in error)
  process.stderr.write(`${known && error instanceof Error ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
