// `npm run audit -- FILE`: reads an audit log and says whether anything of it was altered, taken out, moved or cut off.
import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { verifyLines, type Head } from './chain.ts'
import { rotatedFiles } from './sink.ts'

const usage = `npm run audit -- FILE|- [--head CHAIN:SEQ:HASH]... [--from-start]

Checks FILE and the FILE.1, FILE.2, ... beside it, or what comes from stdin. VIRTDECK_AUDIT_KEY is the key the log was
written with, if it was. --head is where the log stood at some time, as the Activity page shows it: what was cut off
since is found. --from-start also demands the very first record.`

async function* linesOf(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    const input = path === '-' ? process.stdin : createReadStream(path)
    yield* createInterface({ input, crlfDelay: Infinity })
  }
}

function readHead(text: string): Head {
  const [, chain = '', seq = '', hash = ''] = /^([0-9a-f]{8}):(\d+):([\w-]{43})$/.exec(text) ?? []
  if (!chain) throw new Error(`--head takes CHAIN:SEQ:HASH, not "${text}".`)
  return { chain, seq: Number(seq), hash }
}

/** Verifies what the arguments name, and prints the result. Resolves with the exit code: 1 for findings, 2 for bad arguments. */
export async function audit(args: string[], env: NodeJS.ProcessEnv, print: (line: string) => void): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { head: { type: 'string', multiple: true }, 'from-start': { type: 'boolean' }, help: { type: 'boolean' } },
    })
    const [file, ...more] = positionals
    if (values.help || !file || more.length > 0) {
      print(usage)
      return values.help ? 0 : 2
    }
    if (file !== '-' && !existsSync(file)) throw new Error(`There is no file ${file}.`)
    const key = env['VIRTDECK_AUDIT_KEY'] ? Buffer.from(env['VIRTDECK_AUDIT_KEY'], 'base64') : undefined
    const heads = (values.head ?? []).map(readHead)
    const paths = file === '-' ? ['-'] : await rotatedFiles(file)
    const found = await verifyLines(linesOf(paths), { key, heads, fromStart: values['from-start'] ?? false })
    for (const { line, problem } of found.findings) print(`line ${line}: ${problem}`)
    const { records, findings } = found
    print(
      `${records} records in ${paths.length} file${paths.length === 1 ? '' : 's'}, ${findings.length} problem${findings.length === 1 ? '' : 's'}.`,
    )
    for (const { chain, seq, hash } of found.heads) print(`head ${chain}:${seq}:${hash}`)
    if (records > 0 && heads.length === 0)
      print('Nothing here shows that the end was not cut off: note the head elsewhere, and pass it with --head.')
    if (records > 0 && !key) print('Without VIRTDECK_AUDIT_KEY, whoever could write to the log could compute its hashes anew.')
    return findings.length === 0 && records > 0 ? 0 : 1
  } catch (error) {
    print(error instanceof Error ? error.message : String(error))
    return 2
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  process.exitCode = await audit(process.argv.slice(2), process.env, (line) => process.stdout.write(`${line}\n`))
}
