// virt-exportproxy and the export servers behind it: the volumes of an export, for whoever has its token.
// https://github.com/kubevirt/kubevirt/blob/75581da/cmd/virt-exportproxy/virt-exportproxy.go
// https://github.com/kubevirt/kubevirt/blob/75581da/pkg/storage/export/virt-exportserver/exportserver.go
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { PersistentVolumeClaim, VirtualMachine } from '@virtdeck/k8s'
import { stringify as stringifyYaml } from 'yaml'
import { pvcs, snapshotContents, snapshots, vmExports, vms, type Objects, type VirtualMachineExport } from '../controllers/objects.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import { claimNameOf } from '../controllers/volumes.ts'
import { imageBytes, imageHead } from './disk-image.ts'
import { tarball } from './tarball.ts'

const exportPath = /^\/api\/export\.kubevirt\.io\/v1(?:alpha1|beta1)\/namespaces\/([^/]+)\/virtualmachineexports\/([^/]+)\/(.*)$/
const tokenHeader = 'x-kubevirt-export-token'

export const isExport = (path: string): boolean => path.startsWith('/api/export.kubevirt.io/')

type Format = { format: string; url: string }
type Link = { cert: string; volumes?: { name: string; formats: Format[] }[] }
type Links = { external?: Link; internal?: Link }

export function createExportProxy({ objects, volumes }: { objects: Objects; volumes: Map<string, unknown> }) {
  function tokenOf(vmExport: VirtualMachineExport): string | undefined {
    const secret = objects.get('secrets', vmExport.metadata.namespace, vmExport.status?.tokenSecretRef)
    const encoded = (secret?.data as Record<string, string> | undefined)?.['token']
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString()
  }

  const linksOf = (vmExport: VirtualMachineExport) => vmExport.status?.links as Links | undefined

  /** Whether a link leads there: only what the export has is served. */
  const isLinked = (vmExport: VirtualMachineExport, target: string) =>
    (linksOf(vmExport)?.internal?.volumes ?? []).some(({ formats }) =>
      formats.some(({ url }) => new URL(url).pathname === `/${target.replace(/\/$/, '')}`),
    )

  function send(res: ServerResponse, source: Readable, headers: Record<string, string | number>, code = 200): void {
    res.writeHead(code, headers)
    pipeline(source, res, () => {})
  }

  function sendImage(req: IncomingMessage, res: ServerResponse, pvc: PersistentVolumeClaim): void {
    const size = parseQuantity((pvc.status?.capacity as Record<string, string> | undefined)?.storage) ?? 0
    const head = imageHead(volumes.get(pvc.metadata.uid))
    const range = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '')
    const headers = { 'Accept-Ranges': 'bytes', 'Content-Type': 'application/octet-stream' }
    if (!range) {
      if (req.method === 'HEAD') res.writeHead(200, { ...headers, 'Content-Length': size }).end()
      else send(res, imageBytes(head, 0, size), { ...headers, 'Content-Length': size })
      return
    }
    const from = Number(range[1])
    const to = Math.min(size, range[2] ? Number(range[2]) + 1 : size)
    if (from >= to) {
      res.writeHead(416, { 'Content-Range': `bytes */${size}` }).end()
      return
    }
    send(
      res,
      imageBytes(head, from, to),
      { ...headers, 'Content-Length': to - from, 'Content-Range': `bytes ${from}-${to - 1}/${size}` },
      206,
    )
  }

  /** What is on a claim that holds files: the memory dump that was written to it. */
  function filesOf(pvc: PersistentVolumeClaim): Map<string, string> {
    const dump = pvc.metadata.annotations?.['kubevirt.io/memory-dump']
    return new Map(dump && dump.endsWith('.memory.dump') ? [[dump, `\x7fELF simulated memory of ${pvc.metadata.name}\n`]] : [])
  }

  function serveVolume(req: IncomingMessage, res: ServerResponse, pvc: PersistentVolumeClaim, file: string): void {
    const name = file.split('/')[0]
    if (name !== 'disk.img' && req.method !== 'GET') {
      res.writeHead(400).end()
      return
    }
    switch (name) {
      case 'disk.img':
        sendImage(req, res, pvc)
        return
      case 'disk.img.gz': {
        const size = parseQuantity((pvc.status?.capacity as Record<string, string> | undefined)?.storage) ?? 0
        const raw = imageBytes(imageHead(volumes.get(pvc.metadata.uid)), 0, size)
        send(
          res,
          pipeline(raw, createGzip({ level: 1 }), () => {}),
          { 'Content-Type': 'application/octet-stream' },
        )
        return
      }
      case 'disk.tar.gz':
        res.writeHead(200, { 'Content-Type': 'application/x-gzip' })
        res.end(tarball(filesOf(pvc)))
        return
      default: {
        const files = filesOf(pvc)
        const wanted = file.slice('dir'.length + 1)
        const content = files.get(wanted)
        if (wanted !== '' && content === undefined) {
          res.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
          return
        }
        if (content !== undefined) {
          res.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(content)
          return
        }
        const list = [...files.keys()].map((entry) => `<a href="${encodeURI(entry)}">${entry}</a>\n`).join('')
        res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<pre>\n${list}</pre>\n`)
      }
    }
  }

  /** The VM and DataVolumes that import what is exported, and the authority to trust for that. */
  function manifests(vmExport: VirtualMachineExport, external: boolean): object[] {
    const { namespace, name } = vmExport.metadata
    const source = vmExport.spec.source
    const snapshot = source.kind === 'VirtualMachineSnapshot' ? objects.get(snapshots, namespace, source.name) : undefined
    const content = objects.get(snapshotContents, namespace, snapshot?.status?.virtualMachineSnapshotContentName)
    const snapshotted = content?.spec?.source?.virtualMachine as VirtualMachine | undefined
    const vm = source.kind === 'VirtualMachine' ? objects.get(vms, namespace, source.name) : snapshotted
    const link = linksOf(vmExport)?.[external ? 'external' : 'internal']
    if (!vm || !link) return []
    const authority = `export-ca-cm-${name}`
    const imports = (link.volumes ?? []).map(({ name: volume, formats }) => ({
      name: volume,
      source: {
        http: {
          certConfigMap: authority,
          secretExtraHeaders: [`header-secret-${name}`],
          url: formats.find(({ format }) => format === 'gzip')?.url ?? formats[0]?.url,
        },
      },
    }))
    const claims = new Set((vm.spec.template.spec?.volumes ?? []).flatMap((volume) => claimNameOf(volume as never) ?? []))
    return [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: authority },
        data: { 'ca.pem': link.cert },
      },
      {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachine',
        metadata: { name: vm.metadata.name, ...(vm.metadata.labels ? { labels: vm.metadata.labels } : {}) },
        spec: { ...vm.spec, running: undefined, dataVolumeTemplates: undefined, runStrategy: 'Halted' },
      },
      ...imports
        .filter((one) => claims.has(one.name))
        .map((one) => {
          const pvc = objects.get(pvcs, namespace, one.name)
          return {
            apiVersion: 'cdi.kubevirt.io/v1beta1',
            kind: 'DataVolume',
            metadata: { name: one.name },
            spec: { source: one.source, storage: { resources: pvc?.spec?.resources ?? {} } },
          }
        }),
    ]
  }

  function serveManifest(req: IncomingMessage, res: ServerResponse, vmExport: VirtualMachineExport, external: boolean, what: string): void {
    const found =
      what === 'manifests/secret'
        ? [
            {
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: { name: `header-secret-${vmExport.metadata.name}` },
              stringData: { token: `${tokenHeader}:${tokenOf(vmExport) ?? ''}` },
            },
          ]
        : manifests(vmExport, external)
    const plain = found.map((object) => JSON.parse(JSON.stringify(object)) as object)
    if ((req.headers.accept ?? '').includes('application/yaml')) {
      res.writeHead(200, { 'Content-Type': 'application/yaml' }).end(plain.map((object) => `---\n${stringifyYaml(object)}`).join(''))
      return
    }
    res
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ apiVersion: 'v1', items: plain, kind: 'List', metadata: {} }))
  }

  return (req: IncomingMessage, res: ServerResponse, url: URL): void => {
    const [, namespace, name, target = ''] = exportPath.exec(url.pathname) ?? []
    const refuse = (code: number) => void res.writeHead(code, { 'Content-Length': 0 }).end()
    if (namespace === undefined) return refuse(400)
    const vmExport = objects.get(vmExports, namespace, name)
    if (!vmExport) return refuse(404)
    if (vmExport.status?.phase !== 'Ready') return refuse(503)
    const token = tokenOf(vmExport)
    if (token === undefined) return refuse(500)
    if (url.searchParams.get(tokenHeader) !== token && req.headers[tokenHeader] !== token) return refuse(401)
    const manifest = /^(internal|external)\/(manifests\/(?:all|secret))$/.exec(target)
    if (manifest) {
      if (vmExport.spec.source.kind === 'PersistentVolumeClaim') return refuse(404)
      return serveManifest(req, res, vmExport, manifest[1] === 'external', manifest[2] ?? '')
    }
    const volume = /^volumes\/([^/]+)\/(disk\.img|disk\.img\.gz|disk\.tar\.gz|dir(?:\/.*)?)$/.exec(target)
    const linked = volume && isLinked(vmExport, target.replace(/\/dir\/.*$/, '/dir'))
    const pvc = linked ? objects.get(pvcs, namespace, volume[1]) : undefined
    if (!volume || !pvc) return refuse(404)
    serveVolume(req, res, pvc, volume[2] ?? '')
  }
}
