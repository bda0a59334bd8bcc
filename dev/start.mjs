// `npm start`: installs if needed, builds what is stale, then runs the demo stack in this process.
import { buildIfStale } from './build.mjs'
import { installIfNeeded, main } from './install.mjs'

await main(async () => {
  installIfNeeded()
  await buildIfStale()
  const { demo } = await import('../dist/demo.js')
  await demo(process.argv.slice(2))
})
