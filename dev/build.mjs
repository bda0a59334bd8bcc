// Builds what is stale: the Node bundles (server, inventory worker, simulated cluster, demo) into dist/, the web into apps/web/dist.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { installIfNeeded, main, root } from './install.mjs'

const nodeEntries = {
  demo: 'dev/demo.ts',
  server: 'apps/server/src/main.ts',
  'inventory-worker': 'apps/server/src/inventory/worker.ts',
  'sim-cluster': 'packages/sim-cluster/src/main.ts',
  'write-schemas': 'packages/sim-cluster/src/openapi/write-schemas.ts',
}

const sources = {
  node: ['dev', 'apps/server/src', 'packages/k8s/src', 'packages/kubevirt/src', 'packages/sim-cluster/src', 'package-lock.json'],
  web: [
    'dev/build.mjs',
    'apps/web/src',
    'apps/web/public',
    'apps/web/first.js',
    'apps/web/index.html',
    'apps/web/vite.config.ts',
    'apps/server/src/protocol.ts',
    'packages/k8s/src',
    'packages/kubevirt/src',
    'package-lock.json',
  ],
}

/** A digest of names, sizes and contents of all files below the given places, tests left out. */
function digest(places) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const stat = statSync(path)
    if (stat.isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name))
    } else if (!/\.test\.tsx?$/.test(path)) {
      hash.update(`${relative(root, path)}\0${stat.size}\0`).update(readFileSync(path))
    }
  }
  for (const place of places) {
    if (existsSync(join(root, place))) visit(join(root, place))
  }
  return hash.digest('hex')
}

async function buildNode(outdir) {
  const { build } = await import('esbuild')
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(nodeEntries).map(([out, entry]) => ({ in: entry, out })),
    outdir,
    bundle: true,
    // Node keeps the text of a bundle in memory, and twice as much of it where a comment has a letter beyond Latin-1.
    minifyWhitespace: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    // Only the demo with --auth oidc needs the one, which loads parts of itself by path; only the schemas' generator the other.
    external: ['oidc-provider', 'vite'],
    // CommonJS dependencies call require() for Node's own modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  })
  // The simulated cluster's OpenAPI schemas, made from the installed types and read by its bundle.
  const { writeSchemas } = await import(pathToFileURL(join(outdir, 'write-schemas.js')).href)
  await writeSchemas(outdir)
}

async function buildWeb(outDir) {
  const { build } = await import('vite')
  const webRoot = join(root, 'apps/web')
  // Vite keeps an environment's own NODE_ENV: a test runner's would build React for development.
  const environment = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    await build({ root: webRoot, configFile: join(webRoot, 'vite.config.ts'), logLevel: 'warn', build: { outDir } })
  } finally {
    if (environment === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = environment
  }
  await precompress(outDir)
}

/** Writes .br and .gz beside text assets, so that the server never compresses a static file. */
async function precompress(directory) {
  const brotli = promisify(brotliCompress)
  const zip = promisify(gzip)
  await Promise.all(
    readdirSync(directory, { recursive: true, withFileTypes: true }).map(async (entry) => {
      if (!entry.isFile() || !/\.(js|css|svg|json|txt)$/.test(entry.name)) return
      const path = join(entry.parentPath ?? entry.path, entry.name)
      const body = readFileSync(path)
      if (body.length < 1024) return
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: body.length }
      writeFileSync(`${path}.br`, await brotli(body, { params }))
      writeFileSync(`${path}.gz`, await zip(body, { level: 9 }))
    }),
  )
}

/** Builds the parts whose sources changed since their last build. */
export async function buildIfStale(parts = ['node', 'web']) {
  const steps = { node: { run: buildNode, out: 'dist' }, web: { run: buildWeb, out: 'apps/web/dist' } }
  for (const part of parts) {
    const { run, out } = steps[part]
    const stamp = join(root, out, '.digest')
    const now = digest(sources[part])
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) continue
    process.stdout.write(`Building ${part === 'web' ? 'the web' : 'the server and the simulated cluster'} …\n`)
    // Made aside and swapped in whole, so that a build that fails or runs twice leaves nothing half-written.
    const aside = join(root, `${out}.${process.pid}`)
    try {
      await run(aside)
      writeFileSync(join(aside, '.digest'), now)
      rmSync(join(root, out), { recursive: true, force: true })
      renameSync(aside, join(root, out))
    } finally {
      rmSync(aside, { recursive: true, force: true })
    }
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    installIfNeeded()
    await buildIfStale()
  })
}
