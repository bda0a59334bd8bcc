// `npm run contract [-- --json FILE --kubeconfig FILE --context NAME]`: replays what a real cluster was asked, prints the table.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installIfNeeded, main, root } from './install.mjs'

await main(() => {
  installIfNeeded()
  const suite = join(root, 'packages/sim-cluster/src/replay/main.ts')
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', suite, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
  process.exitCode = status ?? 1
})
