// How the inventory's thread is started: from the bundle beside this one, or from its source where there is no bundle.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { RightOfWay } from './right-of-way.ts'

export function startInventoryWorker(way: RightOfWay): Worker {
  // Reading a fleet leaves many times its own size in garbage. Heaps that grow in small steps are collected before they
  // take in what they will never need again: 220 MB instead of 330 MB with 10,000 VMs (docs/benchmarks.md).
  setFlagsFromString('--heap-growing-percent=20')
  // The thread's memory is bounded, so that a list beyond all measure ends the thread and not the server; and a small young
  // generation does for objects that are cut down as soon as they are read.
  const resourceLimits = { maxOldGenerationSizeMb: 2048, maxYoungGenerationSizeMb: 12 }
  const options = { name: 'inventory', workerData: way, resourceLimits }
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./inventory-worker.js', import.meta.url), options)
  // A thread does not inherit tsx from its parent: it registers it before it loads the source.
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  ).href
  const source = new URL('./worker.ts', import.meta.url).href
  const boot = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(source)}) })`
  return new Worker(boot, { ...options, eval: true })
}
