// Uploads into claims and downloads from exports, as virtctl and a browser make them.
import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { KubeObject } from '@virtdeck/k8s'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'

let cluster: SimCluster
let agent: Agent
beforeAll(async () => {
  cluster = await startSimCluster({ scenario: 'empty', speed: 50 })
  agent = new Agent({ ca: cluster.caCert, keepAlive: true })
})
afterAll(async () => {
  agent.destroy()
  await cluster[Symbol.asyncDispose]()
})

type Answer = { code: number; headers: IncomingHttpHeaders; body: Buffer }
type Sent = { method?: string; headers?: Record<string, string>; body?: Buffer | string }

function send(url: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ code: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
async function api<T = KubeObject>(method: string, path: string, body?: object): Promise<T> {
  const token = cluster.users.find(({ name }) => name === 'admin')?.token
  const answer = await send(`${cluster.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/json', 'Content-Type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.code} ${answer.body.toString()}`)
  return (answer.body.length > 0 ? JSON.parse(answer.body.toString()) : undefined) as T
}

const cdi = '/apis/cdi.kubevirt.io/v1beta1'
const claims = '/api/v1/namespaces/team-a/persistentvolumeclaims'
type DataVolume = { status?: { phase?: string } }

async function uploadTo(name: string): Promise<{ url: string; token: string }> {
  const config = await api<{ status: { uploadProxyURL: string } }>('GET', `${cdi}/cdiconfigs/config`)
  const answer = await api<{ status: { token: string } }>(
    'POST',
    '/apis/upload.cdi.kubevirt.io/v1beta1/namespaces/team-a/uploadtokenrequests',
    {
      apiVersion: 'upload.cdi.kubevirt.io/v1beta1',
      kind: 'UploadTokenRequest',
      metadata: { name: 'token', namespace: 'team-a' },
      spec: { pvcName: name },
    },
  )
  return { url: config.status.uploadProxyURL, token: answer.status.token }
}

async function createUploadVolume(name: string, storage = '1Gi'): Promise<void> {
  await api('POST', `${cdi}/namespaces/team-a/datavolumes`, {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace: 'team-a' },
    spec: { source: { upload: {} }, storage: { resources: { requests: { storage } } } },
  })
  await cluster.settle()
}
const phaseOf = async (name: string) => (await api<DataVolume>('GET', `${cdi}/namespaces/team-a/datavolumes/${name}`)).status?.phase

describe('an upload', () => {
  test('goes as virtctl makes it: HEAD, POST, and the claim says when it is done', async () => {
    await createUploadVolume('iso')
    expect(await phaseOf('iso')).toBe('UploadReady')
    const { url, token } = await uploadTo('iso')
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' }
    expect((await send(`${url}/v1beta1/upload-async`, { method: 'HEAD', headers })).code).toBe(200)
    const answer = await send(`${url}/v1beta1/upload-async`, { method: 'POST', headers, body: Buffer.alloc(3_000_000, 1) })
    expect(answer.code).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    await cluster.settle()
    expect(await phaseOf('iso')).toBe('Succeeded')
    const pvc = await api(`GET`, `${claims}/iso`)
    expect(pvc.metadata.annotations).toMatchObject({
      'cdi.kubevirt.io/storage.pod.phase': 'Succeeded',
      'cdi.kubevirt.io/storage.condition.running.reason': 'Completed',
    })
    expect((await send(`${url}/v1beta1/upload`, { method: 'POST', headers, body: 'again' })).body.toString()).toBe(
      'rejecting Upload Request for PVC iso that already finished uploading',
    )
  })

  test('also comes as a form, from a page', async () => {
    await createUploadVolume('form')
    const { url, token } = await uploadTo('form')
    const preflight = await send(`${url}/v1beta1/upload-form`, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://virtdeck.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization',
      },
    })
    expect(preflight.headers).toMatchObject({ 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' })
    const form = [
      '--xyz',
      'Content-Disposition: form-data; name="note"',
      '',
      'hello',
      '--xyz',
      'Content-Disposition: form-data; name="file"; filename="a.img"',
      '',
      'bytes\r\n--xyyy',
      '--xyz--',
      '',
    ].join('\r\n')
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'multipart/form-data; boundary=xyz' }
    expect(
      (await send(`${url}/v1beta1/upload-form`, { method: 'POST', headers, body: form.replace('name="file"', 'name="other"') })).code,
    ).toBe(400)
    expect((await send(`${url}/v1beta1/upload-form`, { method: 'POST', headers, body: form })).code).toBe(200)
    expect(cluster.storage.get('persistentvolumeclaims', 'team-a', 'form')?.metadata.annotations?.['simulation.virtdeck.io/uploaded']).toBe(
      '13',
    )
  })

  test("is refused without a token, with another claim's, and where the image does not fit", async () => {
    await createUploadVolume('small', '1Mi')
    const { url, token } = await uploadTo('small')
    const post = (authorization: string | undefined, body: Buffer) =>
      send(`${url}/v1beta1/upload`, { method: 'POST', headers: authorization ? { Authorization: authorization } : {}, body })
    expect((await post(undefined, Buffer.alloc(1))).code).toBe(400)
    expect((await post(`Bearer ${token.slice(0, -4)}AAAA`, Buffer.alloc(1))).code).toBe(401)
    const other = await uploadTo('nosuch')
    expect((await post(`Bearer ${other.token}`, Buffer.alloc(1))).code).toBe(503)
    const qcow2 = Buffer.alloc(4096)
    qcow2.write('QFI\xfb', 0, 'latin1')
    qcow2.writeBigUInt64BE(10n * 2n ** 30n, 24)
    const answer = await post(`Bearer ${token}`, qcow2)
    expect(answer.code).toBe(500)
    expect(answer.body.toString()).toContain('Virtual image size 10737418240 is larger than the reported available storage')
  })
})

describe('an export', () => {
  const exports = '/apis/export.kubevirt.io/v1beta1/namespaces/team-a/virtualmachineexports'
  type Export = {
    status: {
      phase: string
      tokenSecretRef?: string
      ttlExpirationTime: string
      conditions: { type: string; status: string; reason: string; message?: string }[]
      links: {
        external?: {
          cert: string
          volumes: { name: string; formats: { format: string; url: string }[] }[]
          manifests?: { type: string; url: string }[]
        }
      }
    }
  }
  async function exported(name: string, source: object): Promise<Export> {
    await api('POST', exports, {
      apiVersion: 'export.kubevirt.io/v1beta1',
      kind: 'VirtualMachineExport',
      metadata: { name, namespace: 'team-a' },
      spec: { source },
    })
    await cluster.settle()
    return api<Export>('GET', `${exports}/${name}`)
  }
  async function tokenOf(vmExport: Export): Promise<string> {
    const secret = await api<{ data: { token: string } }>('GET', `/api/v1/namespaces/team-a/secrets/${vmExport.status.tokenSecretRef}`)
    return Buffer.from(secret.data.token, 'base64').toString()
  }

  beforeAll(async () => {
    await api('POST', '/apis/kubevirt.io/v1/namespaces/team-a/virtualmachines', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'vm1', namespace: 'team-a' },
      spec: {
        runStrategy: 'Halted',
        dataVolumeTemplates: [
          { metadata: { name: 'vm1-root' }, spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '64Mi' } } } } },
        ],
        template: {
          spec: {
            domain: { devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] }, memory: { guest: '1Gi' } },
            volumes: [{ name: 'root', dataVolume: { name: 'vm1-root' } }],
          },
        },
      },
    })
    await cluster.settle()
  })

  test('gives links that download the disk with the token, raw, in ranges and gzipped', async () => {
    const vmExport = await exported('disk', { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'vm1' })
    expect(vmExport.status).toMatchObject({ phase: 'Ready', tokenSecretRef: 'export-token-disk', virtualMachineName: 'vm1' })
    const { formats } = vmExport.status.links.external!.volumes[0]!
    expect(formats.map(({ format }) => format)).toEqual(['raw', 'gzip'])
    const [raw, gzip] = formats.map(({ url }) => url) as [string, string]
    expect((await send(raw)).code).toBe(401)
    const token = await tokenOf(vmExport)
    const whole = await send(raw, { headers: { 'x-kubevirt-export-token': token } })
    expect([whole.code, whole.body.length]).toEqual([200, 64 * 2 ** 20])
    const part = await send(`${raw}?x-kubevirt-export-token=${token}`, { headers: { Range: 'bytes=510-511' } })
    expect([part.code, part.headers['content-range'], part.body.toString('hex')]).toEqual([206, `bytes 510-511/${64 * 2 ** 20}`, '55aa'])
    const packed = await send(`${gzip}?x-kubevirt-export-token=${token}`)
    expect(gunzipSync(packed.body).equals(whole.body)).toBe(true)
    const manifest = vmExport.status.links.external!.manifests?.find(({ type }) => type === 'all')
    const list = JSON.parse((await send(`${manifest?.url}?x-kubevirt-export-token=${token}`)).body.toString()) as {
      items: { kind: string }[]
    }
    expect(list.items.map(({ kind }) => kind)).toEqual(['ConfigMap', 'VirtualMachine', 'DataVolume'])
  })

  test('waits while its VM runs, and is skipped without volumes', async () => {
    const stored = cluster.storage.get('virtualmachines.kubevirt.io', 'team-a', 'vm1')!
    cluster.storage.update('virtualmachines.kubevirt.io', { ...stored, spec: { ...(stored.spec as object), runStrategy: 'Always' } })
    await cluster.settle()
    const waiting = await exported('running', { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'vm1' })
    expect(waiting.status.phase).toBe('Pending')
    expect(waiting.status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'InUse',
      message: 'Virtual Machine team-a/vm1 is running',
    })
    const nothing = await exported('nothing', { kind: 'PersistentVolumeClaim', name: 'nosuch' })
    expect(nothing.status.conditions.find(({ type }) => type === 'PVCReady')).toMatchObject({ reason: 'PVCNotFound' })
  })

  test('is refused by the webhook for kinds that have no volumes', async () => {
    await expect(exported('pod', { kind: 'Pod', name: 'p' })).rejects.toThrow('invalid kind')
  })
})
