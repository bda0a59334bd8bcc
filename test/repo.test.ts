// Invariants of the repository: what must stay true of its files whatever they do.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (path: string) => join(root, path)
const read = (path: string) => readFileSync(at(path), 'utf8')
const tracked = (...patterns: string[]) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path && existsSync(at(path)))

describe('budgets', () => {
  type Chunk = { file: string; src?: string; isEntry?: boolean; imports?: string[]; dynamicImports?: string[]; css?: string[] }
  let manifest: Record<string, Chunk>
  const gzipBytes = (file: string) => gzipSync(readFileSync(at(`apps/web/dist/${file}`)), { level: 9 }).length

  beforeAll(async () => {
    const { buildIfStale } = (await import(new URL('../dev/build.mjs', import.meta.url).href)) as {
      buildIfStale(parts: string[]): Promise<void>
    }
    await buildIfStale(['web'])
    manifest = JSON.parse(read('apps/web/dist/.vite/manifest.json')) as Record<string, Chunk>
  })

  /** What the browser loads with these modules: their chunks and, recursively, what those import statically. */
  function closure(keys: string[]): { scripts: Set<string>; styles: Set<string> } {
    const scripts = new Set<string>()
    const styles = new Set<string>()
    const visit = (key: string) => {
      const chunk = manifest[key]
      if (!chunk || scripts.has(chunk.file)) return
      scripts.add(chunk.file)
      for (const style of chunk.css ?? []) styles.add(style)
      for (const next of chunk.imports ?? []) visit(next)
    }
    for (const key of keys) visit(key)
    return { scripts, styles }
  }
  const entryKeys = () => Object.keys(manifest).filter((key) => manifest[key]?.isEntry)
  const pageKeys = (pattern: RegExp) => Object.keys(manifest).filter((key) => pattern.test(manifest[key]?.src ?? key))
  const sum = (files: Iterable<string>) => [...files].reduce((bytes, file) => bytes + gzipBytes(file), 0)

  test('the entry script is at most 150 KiB gzip', () => {
    const { scripts } = closure(entryKeys())
    expect(scripts.size).toBeGreaterThan(0)
    expect(sum(scripts)).toBeLessThanOrEqual(150 * 1024)
  })

  /** What the list of VMs is made of, and the page asks for before any code runs. */
  const firstView = () => closure([...entryKeys(), ...pageKeys(/src\/first-view\.ts$/)])

  test('the first view of the VM list is at most 200 KiB gzip of scripts and styles, in 6 scripts that the page names', () => {
    const { scripts, styles } = firstView()
    const named = new Set([...read('apps/web/dist/index.html').matchAll(/"\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file))
    expect(new Set([...scripts, ...styles])).toEqual(named)
    expect(sum([...scripts, ...styles])).toBeLessThanOrEqual(200 * 1024)
    expect(scripts.size).toBeLessThanOrEqual(6)
    expect([...scripts].map((file) => read(`apps/web/dist/${file}`)).join('\n')).toContain('aria-rowcount')
  })

  test('consoles, the editor and charts stay out of the first view', () => {
    const { scripts } = firstView()
    const text = [...scripts].map((file) => read(`apps/web/dist/${file}`)).join('\n')
    expect(text).not.toMatch(/xterm-helper-textarea/)
    expect(text).not.toMatch(/noVNC_|RFB 003/)
    expect(text).not.toMatch(/cm-editor|cm-content/)
  })

  test('what is built asks no other origin for anything [F252] [P-08]', () => {
    const { scripts, styles } = closure(Object.keys(manifest))
    const allowed =
      /^https?:\/\/(www\.w3\.org|react\.dev|reactjs\.org|localhost|127\.0\.0\.1|base-ui\.com|mui\.com|reactrouter\.com|github\.com|developer\.mozilla\.org|[a-z.]*example\.(com|org)|tanstack\.com|tools\.ietf\.org|kubevirt\.io|kubernetes\.io|json-schema\.org|docs\.)/
    const fetched: string[] = []
    for (const style of styles) {
      for (const match of read(`apps/web/dist/${style}`).matchAll(/url\(\s*['"]?((?:https?:)?\/\/[^)'"]+)/g)) fetched.push(match[1] ?? '')
    }
    for (const match of read('apps/web/dist/index.html').matchAll(/(?:src|href)="((?:https?:)?\/\/[^"]+)"/g)) fetched.push(match[1] ?? '')
    for (const script of scripts) {
      for (const match of read(`apps/web/dist/${script}`).matchAll(
        /(?:fetch|import|WebSocket|Worker|EventSource)\(\s*['"`]((?:https?|wss?):\/\/[^'"`]+)/g,
      )) {
        if (!allowed.test(match[1] ?? '')) fetched.push(match[1] ?? '')
      }
    }
    expect(fetched).toEqual([])
  })
})

describe('import directions', () => {
  const cases: [string, string, string][] = [
    ['packages/k8s/src', "import '@virtdeck/kubevirt'", 'isomorphic Kubernetes vocabulary'],
    ['packages/kubevirt/src', "import 'node:fs'", 'pure knowledge'],
    ['packages/sim-cluster/src', "import { resources } from '@virtdeck/k8s'\nconsole.log(resources)", 'TYPES ONLY'],
    ['apps/server/src', "import '@virtdeck/sim-cluster'", 'meet in dev/'],
    ['apps/web/src', "import '@virtdeck/server'", 'types of @virtdeck/server/protocol'],
    ['apps/web/src/ui', "import '../components/action.ts'", 'ui <- components <- features'],
    ['apps/web/src/components', "import '../features/templates/templates-page.tsx'", 'ui <- components <- features'],
  ]
  const probe = (folder: string, name = '') => at(`${folder}/lint-probe${name}-${process.pid}.ts`)
  /** What lint says of files that are there only for that. */
  function lint(probes: Record<string, string>): string {
    try {
      for (const [file, text] of Object.entries(probes)) writeFileSync(file, `${text}\n`)
      return execFileSync(process.execPath, [at('node_modules/oxlint/bin/oxlint'), ...Object.keys(probes)], { cwd: root, encoding: 'utf8' })
    } catch (error) {
      return (error as { stdout: string }).stdout
    } finally {
      for (const file of Object.keys(probes)) rmSync(file, { force: true })
    }
  }

  test.each(cases)('lint refuses in %s: %s', (folder, line, rule) => {
    expect(lint({ [probe(folder)]: line })).toContain(rule)
  })

  test('lint refuses a circle of imports, of types alone, too', () => {
    const folder = 'packages/k8s/src'
    const type = (name: string, other: string) =>
      `import type { ${other} } from './lint-probe-${other}-${process.pid}.ts'\nexport type ${name} = { other?: ${other} }`
    expect(lint({ [probe(folder, '-one')]: type('one', 'two'), [probe(folder, '-two')]: type('two', 'one') })).toContain('no-cycle')
  })
})

describe('deployment files', () => {
  type Compose = {
    services: Record<
      string,
      { build: { context: string; dockerfile: string; target: string }; depends_on?: Record<string, unknown>; volumes?: string[] }
    >
    volumes: Record<string, unknown>
  }

  test('docker-compose.yml names files, build targets, services and volumes that exist', () => {
    const compose = parse(read('docker-compose.yml')) as Compose
    expect(Object.keys(compose.services).sort()).toEqual(['server', 'sim-cluster'])
    for (const service of Object.values(compose.services)) {
      expect(existsSync(at(join(service.build.context, service.build.dockerfile)))).toBe(true)
      expect(read(service.build.dockerfile)).toMatch(new RegExp(`^FROM \\S+ AS ${service.build.target}$`, 'm'))
      for (const other of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(other)
      for (const volume of service.volumes ?? []) expect(compose.volumes).toHaveProperty(volume.split(':')[0] ?? '')
    }
  })

  test('the Dockerfile copies only what is there or is built, and runs as a user without rights', () => {
    const dockerfile = read('deploy/Dockerfile')
    const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map((match) => match[1])
    const bundles = [...read('dev/build.mjs').matchAll(/^ {2}'?([\w-]+)'?: '\S+\.ts',$/gm)].map((match) => match[1])
    const missing: string[] = []
    for (const [, from, paths = ''] of dockerfile.matchAll(/^COPY (?:--from=(\S+) )?(.+)$/gm)) {
      if (from && !stages.includes(from)) missing.push(`stage ${from}`)
      for (const source of paths.trim().split(/\s+/).slice(0, -1)) {
        const path = source.replace(/^\/src\//, '')
        const bundle = /^dist\/([\w-]+)\.js(\.map)?$/.exec(path)
        const found = bundle
          ? bundles.includes(bundle[1])
          : ['apps/web/dist', 'dist/openapi-schemas.json'].includes(path) || existsSync(at(path))
        if (!found) missing.push(source)
      }
    }
    expect(missing).toEqual([])
    expect(dockerfile).toMatch(/^USER 65532:65532$/m)
  })

  test('every workspace is copied before npm ci in the image', () => {
    const dockerfile = read('deploy/Dockerfile')
    for (const path of tracked('packages/*/package.json', 'apps/*/package.json'))
      expect(dockerfile).toContain(`COPY ${path} ${dirname(path)}/`)
  })
})

describe('sources', () => {
  test('the lockfile holds the optional packages of every platform', () => {
    type Package = { version?: string; optionalDependencies?: Record<string, string> }
    const packages = (JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> }).packages
    const missing: string[] = []
    for (const [path, entry] of Object.entries(packages)) {
      for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
        const candidates = [`${path}/node_modules/${name}`, `node_modules/${name}`]
        if (/^\d/.test(range) && !candidates.some((candidate) => packages[candidate]?.version)) missing.push(`${name}@${range}`)
      }
    }
    expect(missing).toEqual([])
  })

  test('the lockfile names no registry host', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/)
  })

  test('no tracked file is larger than 400 KiB but the lockfile and pictures', () => {
    const large = tracked().filter((path) => !/package-lock\.json$|\.(png|woff2)$/.test(path) && readFileSync(at(path)).length > 400 * 1024)
    expect(large).toEqual([])
  })

  test('no source sets HTML from strings or evaluates code [X-12]', () => {
    const offenders = tracked('apps/web/src/**').filter(
      (path) =>
        /\.tsx?$/.test(path) &&
        !/\.test\.tsx?$/.test(path) &&
        /dangerouslySetInnerHTML|\.innerHTML\s*=|new Function\(|\beval\(/.test(read(path)),
    )
    expect(offenders).toEqual([])
  })

  test('no page reads YAML, and the server only that of whoever runs it [X-09]', () => {
    const offenders = tracked('apps/**', 'packages/k8s/**', 'packages/kubevirt/**').filter((path) => {
      if (!/\.tsx?$/.test(path) || /\.test\.tsx?$|\/testing\//.test(path)) return false
      const imported = [...read(path).matchAll(/import \{([^}]*)\} from '(yaml|js-yaml)'/g)].map(([, names = '']) => names.trim())
      return imported.some((names) => names !== 'stringify')
    })
    expect(offenders).toEqual(['apps/server/src/yaml-file.ts'])
  })

  test('no code does arithmetic on a resourceVersion outside the simulated storage', () => {
    const offenders = tracked('apps/**', 'packages/k8s/**', 'packages/kubevirt/**').filter(
      (path) =>
        /\.tsx?$/.test(path) &&
        !/\.test\.tsx?$|\/testing\//.test(path) &&
        /(parseInt|Number|BigInt)\([^)]*resourceVersion/.test(read(path)),
    )
    expect(offenders).toEqual([])
  })

  test('no clock but the injected one ticks in the simulated cluster', () => {
    const offenders = tracked('packages/sim-cluster/src/**').filter(
      (path) =>
        path.endsWith('.ts') &&
        !path.endsWith('.test.ts') &&
        !path.endsWith('/clock.ts') &&
        /\b(Date\.now\(\)|setTimeout\(|setInterval\(|Math\.random\(\))/.test(read(path)),
    )
    expect(offenders).toEqual([])
  })

  test('features do not import each other', () => {
    const offenders: string[] = []
    for (const path of tracked('apps/web/src/features/**')) {
      const feature = path.split('/')[4]
      for (const match of read(path).matchAll(/from '\.\.\/([\w-]+)\//g)) {
        const target = match[1] ?? ''
        if (existsSync(at(`apps/web/src/features/${target}`)) && target !== feature) offenders.push(`${path} -> ${target}`)
      }
    }
    expect(offenders).toEqual([])
  })
})
