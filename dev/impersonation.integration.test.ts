// `oidc-impersonate` in front of the simulated cluster, with the ClusterRole of deploy/: people of the identity provider have the rights of their names and groups.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '@virtdeck/k8s'
import { startServer } from '@virtdeck/server'
import { startSimCluster, type SimCluster } from '@virtdeck/sim-cluster'
import { openBrowser } from '../apps/server/src/testing/browser.ts'
import { memorySink } from '../apps/server/src/testing/memory-sink.ts'
import { signInAs } from '../apps/server/src/testing/sign-in-journey.ts'
import { startIdentityProvider, type IdentityProvider } from './identity-provider.ts'
import { repositoryRoot } from './stack.ts'

let provider: IdentityProvider
let cluster: SimCluster

const roles = parseAllDocuments(readFileSync(join(repositoryRoot, 'deploy/impersonation.yaml'), 'utf8')).map(
  (each) => each.toJS() as KubeObject,
)

beforeAll(async () => {
  provider = await startIdentityProvider({
    people: [
      { name: 'operator', description: '' },
      { name: 'user', description: '' },
      { name: 'nobody', description: '' },
      { name: 'team', description: '', groups: ['team-a', 'dév 1, west'] },
    ],
  })
  cluster = await startSimCluster({ scenario: 'small' })
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const startInFrontOfCluster = () =>
  startServer({
    host: '127.0.0.1',
    port: 0,
    webRoot: '/nonexistent',
    kubeconfig: { text: cluster.kubeconfig() },
    context: 'virtdeck',
    logLevel: 'silent',
    audit: { sink: memorySink() },
    authMode: 'oidc-impersonate',
    oidc: {
      issuer: provider.issuer,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      impersonate: { usernameClaim: 'preferred_username' },
    },
  })

test('does not start with an account that may not impersonate, and says where the right is; with it, people have their own rights [A-22]', async () => {
  await expect(startInFrontOfCluster()).rejects.toThrow(
    'auth.mode: oidc-impersonate needs the right to impersonate users, groups, uids, which the account of the context "virtdeck" lacks: bind it to the ClusterRole of deploy/impersonation.yaml',
  )
  for (const object of roles) {
    const plural = object.kind === 'ClusterRole' ? 'clusterroles' : 'clusterrolebindings'
    const subjects = object.kind === 'ClusterRole' ? {} : { subjects: [{ kind: 'User', name: 'virtdeck' }] }
    cluster.storage.create(`${plural}.rbac.authorization.k8s.io`, { ...object, ...subjects })
  }

  await using shared = await startInFrontOfCluster()
  provider.serve(shared.url)
  const browserOf = async (person: string) => {
    const browser = openBrowser(shared.url)
    expect((await signInAs(browser, person)).headers.get('location')).toBe('/')
    return { browser, session: await browser.session() }
  }
  const operator = await browserOf('operator')
  expect(operator.session.user).toEqual({ name: 'operator', groups: ['system:authenticated'] })
  expect((await operator.browser.snapshot('virtualmachines')).access).toEqual({ scope: 'cluster' })
  const user = await browserOf('user')
  expect((await user.browser.snapshot('virtualmachines')).access).toEqual({ scope: 'namespaces', namespaces: ['team-b'] })
  const nobody = await browserOf('nobody')
  expect((await nobody.browser.snapshot('virtualmachines')).access).toMatchObject({ scope: 'forbidden' })
  const team = await browserOf('team')
  expect(team.session.user?.groups.toSorted()).toEqual(['dév 1, west', 'system:authenticated', 'team-a'])

  const powered = await operator.browser.request('/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/restart', {
    method: 'PUT',
    body: {},
  })
  expect(powered.status).toBe(202)
  const refused = await nobody.browser.request('/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/restart', {
    method: 'PUT',
    body: {},
  })
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('User \\"nobody\\" cannot update')])
})
