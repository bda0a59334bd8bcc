// `npm run dev`: the stack from its sources, and Vite with hot reload in front of it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { installIfNeeded, main, root } from './install.mjs'

await main(async () => {
  installIfNeeded()
  const backend = spawn(
    process.execPath,
    ['--import', 'tsx', join(root, 'dev/dev-backend.ts'), '--port', '8081', ...process.argv.slice(2)],
    {
      cwd: root,
      stdio: 'inherit',
    },
  )
  process.env.VIRTDECK_SERVER = 'http://127.0.0.1:8081'
  const { createServer } = await import('vite')
  const webRoot = join(root, 'apps/web')
  const vite = await createServer({
    root: webRoot,
    configFile: join(webRoot, 'vite.config.ts'),
    server: { host: '127.0.0.1', port: 8080, strictPort: true },
  })
  await vite.listen()
  process.stdout.write('virtdeck dev: http://127.0.0.1:8080\n')
  const stop = async () => {
    backend.kill('SIGTERM')
    await vite.close()
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  backend.once('exit', () => vite.close())
})
