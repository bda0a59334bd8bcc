// The ClusterRoles of deploy/, applied to the simulated cluster and asked about every verb as each of those who hold them.
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments, parse } from 'yaml'
import { accessReview, type AccessQuestion, type KubeObject, type SelfSubjectAccessReview } from '@virtdeck/k8s'
import { verbAccess, vmCan, vmRequest, type VmVerb } from '@virtdeck/kubevirt'
import { startSimCluster, type SimCluster } from '@virtdeck/sim-cluster'
import { rbacObjects } from '../packages/sim-cluster/src/scenarios/demo-users.ts'
import { openBrowser, outcome } from '../apps/server/src/testing/browser.ts'
import { repositoryRoot, startStack, type Stack } from './stack.ts'

type ClusterRole = KubeObject & { metadata: { name: string }; rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] }

const roles = parseAllDocuments(readFileSync(join(repositoryRoot, 'deploy/cluster-roles.yaml'), 'utf8')).map(
  (each) => each.toJS() as ClusterRole,
)
let cluster: SimCluster
let tokens: Map<string, string>

beforeAll(async () => {
  cluster = await startSimCluster({ scenario: 'empty' })
  const { users } = parse(cluster.kubeconfig()) as { users: { name: string; user: { token: string } }[] }
  tokens = new Map(users.map(({ name, user }) => [name, user.token]))
  for (const role of roles) {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
    await ask('admin', 'DELETE', `${path}/${role.metadata.name}`)
    const { code } = await ask('admin', 'POST', path, role)
    if (code !== 201) throw new Error(`${role.metadata.name} was answered with ${code}`)
  }
})
afterAll(async () => cluster?.[Symbol.asyncDispose]())

function ask(user: string, method: string, path: string, body?: unknown): Promise<{ code: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${tokens.get(user)}`, 'content-type': 'application/json' }
    request(cluster.url + path, { method, ca: cluster.caCert, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) as unknown }))
    })
      .on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function may(user: string, question: AccessQuestion): Promise<boolean> {
  const { body } = await ask(user, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', accessReview(question))
  return (body as SelfSubjectAccessReview).status?.allowed === true
}

const vms = { group: 'kubevirt.io', resource: 'virtualmachines' }
const templates = { group: 'spectrocloud.com', resource: 'vmtemplates' }
const use: VmVerb[] = ['start', 'stop', 'forceStop', 'restart', 'pause', 'unpause', 'snapshot', 'restore', 'vnc', 'console']
const own: VmVerb[] = ['migrate', 'cancelMigration', 'delete']
const questions: Record<string, AccessQuestion> = {
  ...Object.fromEntries([...use, ...own].map((verb) => [verb, verbAccess(verb)])),
  edit: { verb: 'patch', ...vms },
  create: { verb: 'create', ...vms },
  clone: { verb: 'create', group: 'clone.kubevirt.io', resource: 'virtualmachineclones' },
  'update a template': { verb: 'update', ...templates },
  'create a template': { verb: 'create', ...templates },
  list: { verb: 'list', ...vms },
}

const holders = [
  ['spectro-vm-admin', 'operator', 'team-a', Object.keys(questions)],
  ['spectro-vm-power-user', 'power-user', 'team-a', [...use, ...own, 'edit', 'create', 'clone', 'list']],
  ['spectro-vm-user', 'user', 'team-b', [...use, 'edit', 'list']],
  ['spectro-vm-viewer', 'viewer', 'team-a', ['list']],
] satisfies [role: string, user: string, namespace: string, may: string[]][]

test('every verb that the product has is one of those that are asked about', () => {
  expect([...use, ...own].toSorted()).toEqual(Object.keys(vmCan).toSorted())
})

test.each(holders)('%s may do what its name says, and nothing else', async (_role, user, namespace, expected) => {
  const allowed: string[] = []
  for (const [name, question] of Object.entries(questions)) if (await may(user, { ...question, namespace })) allowed.push(name)
  expect(allowed.toSorted()).toEqual(expected.toSorted())
})

test.each(holders)(
  '%s gets through the server what its name says: every verb sent, as the product sends it',
  async (_role, user, namespace, expected) => {
    await using stack = await startStack({ scenario: 'small' })
    const browser = openBrowser(stack.url)
    await browser.signIn({ mode: 'demo', user })
    const { rows } = await browser.snapshot('virtualmachines')
    const vm = rows.find((row) => row.namespace === namespace && row.status === 'Running')
    if (!vm) throw new Error(`${user} sees no VM that runs in ${namespace}`)
    const target = { ...vm, migration: { name: 'none', phase: 'Running' as const } }
    const allowed: VmVerb[] = []
    // Deleting comes last: the others need the VM.
    for (const verb of [...use, ...own].filter((each) => each !== 'vnc' && each !== 'console')) {
      const { method, path, body } = vmRequest(verb, target, { snapshotName: 'none' })
      const { status } = await browser.request(`/k8s${path}`, { method, body })
      if (status !== 403) allowed.push(verb)
      expect([verb, status]).toEqual([verb, expect.not.toSatisfy((code: number) => [401, 405, 415].includes(code))])
    }
    const other = rows.find((row) => row.namespace === namespace && row.status === 'Running' && row.name !== vm.name) ?? vm
    for (const verb of ['vnc', 'console'] as const) {
      const ended = outcome(await browser.console(vmRequest(verb, other).path.replace('?preserveSession=true', '')))
      const code = await Promise.race([ended.then((end) => ('closed' in end ? end.closed : end.refused)), stillOpen(stack)])
      if (code !== 4403) allowed.push(verb)
    }
    expect(allowed.toSorted()).toEqual([...use, ...own].filter((verb) => expected.includes(verb)).toSorted())
  },
)

/** Undefined once the cluster has had the time to refuse what is being opened. */
async function stillOpen(stack: Stack): Promise<undefined> {
  const witness = openBrowser(stack.url)
  await witness.signIn({ mode: 'demo', user: 'viewer' })
  await outcome(await witness.console(vmRequest('vnc', { namespace: 'team-a', name: 'no-such-vm' }).path))
}

test('the server’s own account reads what lists are made of: no Secret, and nothing to write', async () => {
  for (const resource of ['virtualmachines', 'virtualmachineinstances']) {
    expect(await may('virtdeck', { verb: 'list', group: 'kubevirt.io', resource })).toBe(true)
  }
  for (const verb of ['get', 'list', 'watch', 'create']) expect(await may('virtdeck', { verb, group: '', resource: 'secrets' })).toBe(false)
  const ownRole = roles.find(({ metadata }) => metadata.name === 'virtdeck-inventory')
  for (const { apiGroups, resources, verbs } of ownRole?.rules ?? []) {
    expect(verbs.toSorted()).toEqual(['get', 'list', 'watch'])
    expect([...apiGroups, ...resources]).not.toContain('*')
    expect(resources).not.toContain('secrets')
  }
})

test('the demo has the very roles that are shipped', () => {
  const simulated = rbacObjects()
    .filter(([key, { metadata }]) => key.startsWith('clusterroles.') && roles.some((role) => role.metadata.name === metadata.name))
    .map(([, role]) => ({ name: role.metadata.name, rules: (role as ClusterRole).rules }))
  expect(roles.map(({ metadata, rules }) => ({ name: metadata.name, rules }))).toEqual(simulated)
})
