// The manifests of deploy/: that they name what there is, and that the server takes the settings that they give it.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '@virtdeck/k8s'
import { authModeOf, configProblems, readConfig } from '../apps/server/src/config.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (file: string) => parseAllDocuments(readFileSync(join(root, 'deploy', file), 'utf8')).map((each) => each.toJS() as KubeObject)
const objects = [...read('virtdeck.yaml'), ...read('impersonation.yaml'), ...read('cluster-roles.yaml')]
const find = <T>(kind: string, name: string) => objects.find((object) => object.kind === kind && object.metadata.name === name) as T
const directory = mkdtempSync(join(tmpdir(), 'virtdeck-deploy-'))
afterAll(() => rmSync(directory, { recursive: true }))

type Container = {
  env: { name: string; value: string }[]
  volumeMounts: { mountPath: string; readOnly: boolean }[]
  readinessProbe: { httpGet: { path: string } }
  livenessProbe: { httpGet: { path: string } }
  securityContext: object
}
type Deployment = {
  spec: {
    template: { spec: { serviceAccountName: string; enableServiceLinks: boolean; securityContext: object; containers: Container[] } }
  }
}

test('the server takes the settings of the manifest, whole', () => {
  const { data } = find<{ data: Record<string, string> }>('ConfigMap', 'virtdeck')
  const secret = join(directory, 'secret')
  writeFileSync(secret, 'hush')
  const file = join(directory, 'config.yaml')
  writeFileSync(file, (data['config.yaml'] ?? '').replace('/etc/virtdeck/oidc/secret', secret))
  const { config } = readConfig({ VIRTDECK_CONFIG: file, KUBERNETES_SERVICE_HOST: '10.0.0.1' }, { webRoot: '/web' })
  expect(config).toMatchObject({ host: '0.0.0.0', kubeconfig: { inCluster: true }, oidc: { clientSecret: 'hush' } })
  expect(authModeOf(config)).toBe('oidc')
  expect(configProblems({ ...config, sessionKeysFile: undefined, sessionKeys: [`k1:${randomBytes(32).toString('base64')}`] })).toEqual([])
  expect(JSON.parse(data['revoked.json'] ?? '')).toEqual({})
})

test('mounts what the settings name, runs without rights, and as the account that the roles are bound to', () => {
  const { spec } = find<Deployment>('Deployment', 'virtdeck').spec.template
  const [container] = spec.containers
  expect(spec).toMatchObject({ serviceAccountName: 'virtdeck', enableServiceLinks: false, securityContext: { runAsNonRoot: true } })
  expect(container?.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })
  expect([container?.readinessProbe.httpGet.path, container?.livenessProbe.httpGet.path]).toEqual(['/readyz', '/healthz'])
  const { data } = find<{ data: Record<string, string> }>('ConfigMap', 'virtdeck')
  const mounted = container?.volumeMounts.map(({ mountPath }) => mountPath) ?? []
  for (const path of (data['config.yaml'] ?? '').match(/\/etc\/virtdeck\/\S+/g) ?? []) expect(mounted).toContain(dirname(path))
  for (const { name, value } of container?.env ?? [])
    expect([name, mounted]).toEqual(['VIRTDECK_CONFIG', expect.arrayContaining([dirname(value)])])

  for (const binding of objects.filter(({ kind }) => kind === 'ClusterRoleBinding') as unknown as {
    roleRef: { name: string }
    subjects: object[]
  }[]) {
    expect(find('ClusterRole', binding.roleRef.name)).toBeDefined()
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: spec.serviceAccountName, namespace: 'virtdeck' }])
  }
})
