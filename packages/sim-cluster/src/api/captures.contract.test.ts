// Replays what a real API server was asked and compares the answers. The captures lie outside the repository.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { KubeObject } from '@virtdeck/k8s'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server.ts'

const captures = fileURLToPath(new URL('../../../../../shared/captures/', import.meta.url))

type Capture = {
  request: { user: string; method: string; path: string; headers: Record<string, string>; body: unknown }
  response: { status: number; headers: Record<string, string>; body: unknown }
}

const read = (name: string) => JSON.parse(readFileSync(`${captures}${name}.json`, 'utf8')) as Capture

const vm = (name: string, app = 'web'): [string, KubeObject] => [
  'virtualmachines.kubevirt.io',
  {
    metadata: { name, namespace: 'team-a', labels: { app } },
    spec: { runStrategy: 'Halted', template: { metadata: { labels: { 'kubevirt.io/vm': name } }, spec: { domain: { devices: {} } } } },
    status: { printableStatus: 'Stopped', conditions: [{ type: 'Ready', status: 'False' }] },
  },
]

/** What differs between any two clusters. */
function normalise(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replaceAll(/(current|resource version): \d+/g, '$1: N')
    .replaceAll(/"resourceVersion":\s*"\d+"/g, '"resourceVersion":"N"')
}

async function replay(server: TestApiServer, { request }: Capture) {
  const body = request.body === null ? undefined : request.body
  const answer = await server.request(request.user, request.method, request.path, { body, headers: request.headers })
  const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false
  const shown: unknown = isJson ? JSON.parse(normalise(answer.text)) : answer.text
  return { code: answer.code, contentType: answer.headers['content-type'], body: shown }
}

const recorded = ({ response }: Capture) => ({
  code: response.status,
  contentType: response.headers['Content-Type'],
  body: typeof response.body === 'string' ? response.body : (JSON.parse(normalise(JSON.stringify(response.body))) as unknown),
})

const same = [
  'errors/200-list-in-missing-namespace',
  'errors/400-bad-continue',
  'errors/400-bad-field-selector',
  'errors/400-bad-label-selector',
  'errors/400-empty-body',
  'errors/400-kind-mismatch',
  'errors/400-malformed-json',
  'errors/400-namespace-mismatch',
  'errors/400-post-to-named-object',
  'errors/401-bad-token',
  'errors/401-no-credentials',
  'errors/401-subresource-bad-token',
  'errors/403-create',
  'errors/403-delete-viewer',
  'errors/403-get-named',
  'errors/403-list-cluster-wide',
  'errors/403-list-other-namespace',
  'errors/403-nodes-alice',
  'errors/403-subresource-console-viewer',
  'errors/403-subresource-start-viewer',
  'errors/403-watch',
  'errors/404-namespace-missing-on-create',
  'errors/404-object',
  'errors/404-unknown-group',
  'errors/404-unknown-resource',
  'errors/406-accept-xml',
  'errors/409-already-exists',
  'errors/409-delete-precondition-uid',
  'errors/409-merge-patch-with-stale-rv',
  'errors/410-list-exact-compacted',
  'errors/415-strategic-merge-on-crd',
  'errors/415-text-plain',
  'errors/422-annotations-too-long',
  'errors/422-bad-label',
  'errors/422-bad-name',
  'errors/422-immutable-configmap-like-namespace-bad-name',
  'errors/422-json-patch-missing-path',
  'errors/422-json-patch-test-failed',
  'errors/500-bad-resourceVersion',
  'errors/504-future-resourceVersion',
  'authz/impersonate-as-alice',
  'authz/impersonate-forbidden',
  'authz/impersonate-group-without-user',
  'authz/impersonate-subresource-start',
  'authz/namespaces-alice-403',
  'authz/ssar-allowed',
  'authz/ssar-console',
  'authz/ssar-denied',
  'authz/ssar-subresource-migrate-denied',
  'authz/ssar-subresource-start',
  'authz/ssar-viewer-vnc',
  'authz/ssrr-no-namespace-400',
  'authz/whoami',
  'discovery/subresources.kubevirt.io_v1',
  'list/labelSelector-none',
  'ssa/05-no-fieldManager-422',
  'subresources/admin-unknown-subresource',
  'subresources/unknown-subresource',
  'subresources/wrong-method',
  'subresources/version',
  'subresources/guestfs',
]

describe.skipIf(!existsSync(captures))('answers as the recorded API server does', () => {
  let server: TestApiServer
  beforeAll(async () => {
    server = await startTestApiServer({ objects: [vm('list0'), vm('list1')] })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(same)('%s', async (name) => {
    const capture = read(name)
    expect(await replay(server, capture)).toEqual(recorded(capture))
  })

  test.each(['table/vm', 'table/nodes', 'table/pods', 'table/dv', 'table/vmi', 'table/clusterinstancetypes'])(
    '%s has the same columns',
    async (name) => {
      const capture = read(name)
      const columns = ({ body }: { body: unknown }) =>
        (body as { columnDefinitions: { name: string; type: string; format: string; priority: number }[] }).columnDefinitions.map(
          ({ name: column, type, format, priority }) => ({ column, type, format, priority }),
        )
      expect(columns(await replay(server, capture))).toEqual(columns(recorded(capture)))
    },
  )
})
