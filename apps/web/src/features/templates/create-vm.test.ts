import { createClient, failure, type VmTemplate } from '@virtdeck/k8s'
import type { TemplateValues } from '@virtdeck/kubevirt'
import { describe, expect, test } from 'vitest'
import { createVm } from './create-vm.ts'

const template = {
  metadata: { name: 'ubuntu', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-20T10:00:00Z' },
  spec: { template: { spec: { domain: { devices: { disks: [] } }, volumes: [] } } },
} as unknown as VmTemplate
const values: TemplateValues = {
  name: 'web',
  namespace: 'team-a',
  start: true,
  login: { kind: 'password', user: 'ada', password: 'correct horse' },
}

/** An API server that answers what it was sent, with a uid; and keeps the lines of what it was asked. */
function apiServer(refuse: (line: string) => number | undefined = () => undefined) {
  const lines: string[] = []
  const k8s = createClient({
    baseUrl: '',
    fetch: async (url, { method, body }) => {
      const line = `${method} ${url.replace(/^.*\/namespaces\/team-a\//, '')}`
      lines.push(line)
      const code = refuse(line)
      const sent = (typeof body === 'string' ? JSON.parse(body) : {}) as { kind?: string; metadata?: object }
      const answer = code ? failure(code, 'no') : { ...sent, metadata: { ...sent.metadata, uid: `uid of ${sent.kind}` } }
      return new Response(JSON.stringify(answer), { status: code ?? 200, headers: { 'content-type': 'application/json' } })
    },
  })
  return { k8s, lines }
}

describe('createVm [F044, F060]', () => {
  test('tries the VM, keeps the login, creates the VM, hands the login over to it', async () => {
    const { k8s, lines } = apiServer()
    expect((await createVm(k8s, template, values)).vm.metadata.uid).toBe('uid of VirtualMachine')
    expect(lines).toEqual(['POST virtualmachines?dryRun=All', 'POST secrets', 'POST virtualmachines', 'PATCH secrets/web-cloud-init'])
  })

  test('needs no Secret where no login was chosen', async () => {
    const { k8s, lines } = apiServer()
    await createVm(k8s, template, { ...values, login: { kind: 'none' } })
    expect(lines).toEqual(['POST virtualmachines?dryRun=All', 'POST virtualmachines'])
  })

  test('creates nothing where the trial is refused', async () => {
    const { k8s, lines } = apiServer((line) => (line.includes('dryRun') ? 422 : undefined))
    await expect(createVm(k8s, template, values)).rejects.toMatchObject({ code: 422 })
    expect(lines).toEqual(['POST virtualmachines?dryRun=All'])
  })

  test('takes the login back where the VM is refused after all', async () => {
    const { k8s, lines } = apiServer((line) => (line === 'POST virtualmachines' ? 409 : undefined))
    await expect(createVm(k8s, template, values)).rejects.toMatchObject({ code: 409 })
    expect(lines.at(-1)).toBe('DELETE secrets/web-cloud-init')
  })

  test('keeps the login where nobody knows whether the VM was created', async () => {
    const { k8s, lines } = apiServer((line) => (line === 'POST virtualmachines' ? 504 : undefined))
    await expect(createVm(k8s, template, values)).rejects.toMatchObject({ code: 504 })
    expect(lines.at(-1)).toBe('POST virtualmachines')
  })

  test('says which Secret stays behind where it cannot be handed over', async () => {
    const { k8s } = apiServer((line) => (line.startsWith('PATCH') ? 403 : undefined))
    expect(await createVm(k8s, template, values)).toMatchObject({ orphan: { secretName: 'web-cloud-init', status: { code: 403 } } })
  })
})
