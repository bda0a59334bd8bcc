// `npm run e2e [-- playwright arguments]`: the end-to-end tests alone, against a fresh build.
import { buildIfStale } from './build.mjs'
import { findChromium, howToGetChromium, installChromium } from './chromium.mjs'
import { installIfNeeded, main, Refusal, runBin } from './install.mjs'

await main(async () => {
  installIfNeeded()
  await buildIfStale()
  const executable = findChromium() ?? installChromium()
  if (!executable) throw new Refusal(howToGetChromium)
  process.exitCode = runBin('@playwright/test/cli.js', ['test', ...process.argv.slice(2)], {
    env: { ...process.env, CHROMIUM_PATH: executable },
  })
})
