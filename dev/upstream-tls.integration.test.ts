// The server verifies whom it talks to: the cluster's certificate, its authority, and their change while it runs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, type Browser } from '../apps/server/src/testing/browser.ts'
import { startHostileApiServer, tokenOf, type HostileApiServer } from '../apps/server/src/testing/hostile-api-server.ts'
import { spawnServer, type SpawnedServer } from '../apps/server/src/testing/spawned-server.ts'
import { createAuthority, createServingCertificate, type KeyPair } from '../packages/sim-cluster/src/serving/certificates.ts'

let directory: string
let authority: KeyPair
let api: HostileApiServer
let server: SpawnedServer
let ann: Browser

const here = ['127.0.0.1']
const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }
const future = { notBefore: new Date('2045-01-01'), notAfter: new Date('2046-01-01') }
async function certificate(...made: Parameters<typeof createServingCertificate>) {
  const pair = await createServingCertificate(...made)
  return { cert: pair.certificate, key: pair.key }
}
const version = async () => (await ann.request('/k8s/version')).status

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'virtdeck-authority-'))
  authority = await createAuthority()
  await writeFile(join(directory, 'ca.crt'), authority.certificate)
  api = await startHostileApiServer(await certificate(authority, here))
  api.answer((_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  const kubeconfig = {
    'current-context': 'ann',
    clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority': join(directory, 'ca.crt') } }],
    users: [{ name: 'ann', user: { token: tokenOf('ann') } }],
    contexts: [{ name: 'ann', context: { cluster: 'c', user: 'ann' } }],
  }
  server = await spawnServer(JSON.stringify(kubeconfig), ['ann'])
  ann = openBrowser(server.url)
  await ann.signIn({ mode: 'demo', user: 'ann' })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

test.each([
  [
    'of another authority',
    async () => certificate(await createAuthority(), here),
    /unable to (get local issuer|verify)|UNABLE_TO_VERIFY|self.signed/i,
  ],
  ['for another name', async () => certificate(authority, ['evil.example']), /does not match/],
  ['that has expired', async () => certificate(authority, here, past), /certificate has expired/],
  ['that is not valid yet', async () => certificate(authority, here, future), /certificate is not yet valid/],
])('refuses a cluster with a certificate %s, logs why, and takes it back with a good one [P-19]', async (_what, made, logged) => {
  expect(await version()).toBe(200)
  api.present(await made())
  api.seen.splice(0)
  const already = server.output().length
  const response = await ann.request('/k8s/version')
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { kind: 'Status', message: 'The Kubernetes API server cannot be reached.' },
  ])
  expect(api.seen).toEqual([])
  await expect.poll(() => server.output().slice(already)).toMatch(logged)
  expect(server.output()).not.toContain(tokenOf('ann'))
  api.present(await certificate(authority, here))
  expect(await version()).toBe(200)
})

test('takes the cluster’s new authority from its file without a restart, and the old one no longer [P-19]', async () => {
  const next = await createAuthority()
  const old = await certificate(authority, here)
  api.present(await certificate(next, here))
  expect(await version()).toBe(503)
  await writeFile(join(directory, 'ca.crt'), next.certificate)
  await expect.poll(version, { timeout: 15_000, interval: 250 }).toBe(200)
  api.present(old)
  expect(await version()).toBe(503)
  // Both at once, as authorities are exchanged.
  await writeFile(join(directory, 'ca.crt'), `${next.certificate}\n${authority.certificate}\n`)
  await expect.poll(version, { timeout: 15_000, interval: 250 }).toBe(200)
  api.present(await certificate(next, here))
  expect(await version()).toBe(200)
  expect(server.process.exitCode).toBeNull()
})
