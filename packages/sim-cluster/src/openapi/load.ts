// Where the schemas come from at run time: a file beside the bundle, or, run from sources, a cache that is filled once.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Schemas } from './schema.ts'

/** The file that a build leaves beside its bundles. */
export const schemasFileName = 'openapi-schemas.json'

const here = dirname(fileURLToPath(import.meta.url))
const isBundle = import.meta.url.endsWith('.js')

async function readSchemas(path: string): Promise<Schemas | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Schemas
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A file among the installed packages, named after what the schemas are made from. */
async function cachePath(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of ['generate.ts', 'declarations.ts', 'corrections.ts', 'hand-written.ts', '../api/api-resources.ts']) {
    hash.update(await readFile(join(here, source)))
  }
  const manifest = join(dirname(createRequire(import.meta.url).resolve('@kubevirt-ui-ext/kubevirt-api/kubernetes')), '../../package.json')
  hash.update(await readFile(manifest))
  const modules = manifest.slice(0, manifest.lastIndexOf('@kubevirt-ui-ext'))
  return join(modules, '.cache', 'virtdeck', `openapi-${hash.digest('hex').slice(0, 16)}.json`)
}

async function fromSources(): Promise<Schemas> {
  const path = await cachePath()
  const cached = await readSchemas(path)
  if (cached) return cached
  const { generateSchemas } = await import('./generate.ts')
  const schemas = await generateSchemas()
  await mkdir(dirname(path), { recursive: true })
  // Whole or not at all: several test processes may be here at once.
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, JSON.stringify(schemas))
  await rename(draft, path)
  return schemas
}

/** The schemas of everything that is served; made first where neither a build nor an earlier run has. */
export async function loadSchemas(): Promise<Schemas> {
  if (!isBundle) return fromSources()
  const schemas = await readSchemas(join(here, schemasFileName))
  if (!schemas) throw new Error(`${schemasFileName} is missing beside the simulated cluster's bundle`)
  return schemas
}
