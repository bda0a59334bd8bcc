// What outlives a restart: the authority, the serving certificate and the users' tokens, so that kubeconfigs stay valid.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority, createServingCertificate, type KeyPair } from './certificates.ts'

export type ServingState = {
  authority: KeyPair
  serving: KeyPair & { hosts: string[] }
  /** Bearer tokens by user name. */
  tokens: Record<string, string>
}

const fileName = 'sim-cluster.json'

async function readState(stateDir: string): Promise<Partial<ServingState>> {
  try {
    return JSON.parse(await readFile(join(stateDir, fileName), 'utf8')) as Partial<ServingState>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** Writes whole or not at all, readable by the owner alone. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, path)
}

/** Loads what an earlier start left in `stateDir`, and makes and keeps what is missing. Without a directory, all is new. */
export async function loadServingState({
  stateDir,
  hosts,
  users,
}: {
  stateDir?: string
  hosts: string[]
  users: readonly string[]
}): Promise<ServingState> {
  const earlier = stateDir === undefined ? {} : await readState(stateDir)
  const authority = earlier.authority ?? (await createAuthority())
  const fits = earlier.authority && earlier.serving && hosts.every((host) => earlier.serving?.hosts.includes(host))
  const serving = fits && earlier.serving ? earlier.serving : { ...(await createServingCertificate(authority, hosts)), hosts }
  const tokens = { ...earlier.tokens }
  for (const user of users) tokens[user] ??= randomBytes(24).toString('base64url')
  const state = { authority, serving, tokens }
  if (stateDir !== undefined && JSON.stringify(state) !== JSON.stringify(earlier)) {
    await mkdir(stateDir, { recursive: true })
    await writePrivateFile(join(stateDir, fileName), `${JSON.stringify(state, undefined, 2)}\n`)
  }
  return state
}
