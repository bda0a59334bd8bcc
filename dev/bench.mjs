// `npm run bench [-- --only list,events,proxy,console,sim --vms 100,1000 --tabs 1,50 --json FILE]`: builds what is stale, then measures.
import { join } from 'node:path'
import { buildIfStale } from './build.mjs'
import { findChromium, howToGetChromium, installChromium } from './chromium.mjs'
import { installIfNeeded, main, Refusal, root } from './install.mjs'
import { spawnSync } from 'node:child_process'

await main(async () => {
  installIfNeeded()
  await buildIfStale()
  const executable = findChromium() ?? installChromium()
  if (!executable) throw new Refusal(howToGetChromium)
  const env = { ...process.env, CHROMIUM_PATH: executable }
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'bench/bench.ts'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env,
  })
  process.exitCode = status ?? 1
})
