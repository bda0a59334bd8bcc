// cdi-uploadproxy: takes an image for a claim from whoever has a token for it.
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/uploadproxy/uploadproxy.go
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/uploadserver/uploadserver.go
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { PersistentVolumeClaim } from '@virtdeck/k8s'
import { readUploadToken } from '../api/upload-tokens.ts'
import type { Clock } from '../clock.ts'
import { pvcs, type Objects } from '../controllers/objects.ts'
import { parseQuantity } from '../controllers/quantity.ts'
import { podPhase, podReady, uploaded } from '../controllers/uploads.ts'
import { imageReader } from './disk-image.ts'
import { multipartFile } from './multipart.ts'

const uploadPath = /^\/v1(?:alpha1|beta1)\/upload(-form)?(?:-async|-archive(?:-async)?)?$/
const readyWaitMs = 10_000
const readyIntervalMs = 1_000

export const isUpload = (path: string): boolean => uploadPath.test(path)

type Options = { objects: Objects; clock: Clock; volumes: Map<string, unknown> }

class Refusal extends Error {
  readonly code: number
  constructor(code: number, message = '') {
    super(message)
    this.code = code
  }
}

export function createUploadProxy({ objects, clock, volumes }: Options) {
  const underway = new Set<string>()

  const wait = (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve))

  /** The claim once its upload server is ready; the proxy waits a little for that. */
  async function readyClaim(namespace: string, name: string): Promise<PersistentVolumeClaim> {
    for (let waitedMs = 0; ; waitedMs += readyIntervalMs) {
      const pvc = objects.get(pvcs, namespace, name)
      const annotations = pvc?.metadata.annotations
      if (!pvc) throw new Refusal(503, `rejecting Upload Request for PVC ${name} that doesn't exist`)
      if (annotations?.[podPhase] === 'Succeeded') {
        throw new Refusal(503, `rejecting Upload Request for PVC ${name} that already finished uploading`)
      }
      if (annotations?.[podReady] === 'true') return pvc
      if (waitedMs >= readyWaitMs) throw new Refusal(503, 'timed out waiting for the condition')
      await wait(readyIntervalMs)
    }
  }

  function claimOf(req: IncomingMessage): { namespace: string; name: string } {
    const token = /^Bearer\s([A-Za-z0-9\-._~+/]+)$/.exec(req.headers.authorization ?? '')?.[1]
    if (!token) throw new Refusal(400)
    const claim = readUploadToken(token, clock)
    if (!claim) throw new Refusal(401)
    return claim
  }

  async function receive(pvc: PersistentVolumeClaim, image: Readable): Promise<void> {
    const reader = imageReader()
    for await (const chunk of image) reader.write(chunk as Buffer)
    const { receivedBytes, virtualBytes, disk } = reader.result()
    const capacity = parseQuantity((pvc.status?.capacity as Record<string, string> | undefined)?.storage) ?? 0
    if (receivedBytes === 0) throw new Refusal(500, 'Saving stream failed: Unable to transfer source data to target file: EOF')
    if (virtualBytes > capacity) {
      throw new Refusal(
        500,
        `Saving stream failed: Virtual image size ${virtualBytes} is larger than the reported available storage ${capacity}. A larger PVC is required.`,
      )
    }
    if (disk === undefined) volumes.delete(pvc.metadata.uid)
    else volumes.set(pvc.metadata.uid, disk)
    const stored = objects.get(pvcs, pvc.metadata.namespace, pvc.metadata.name)
    if (stored) objects.setMetadata(pvcs, stored, { annotations: { ...stored.metadata.annotations, [uploaded]: String(receivedBytes) } })
  }

  /** Compressed images are told by how they begin. */
  async function unpacked(source: Readable): Promise<Readable> {
    if (source.readableLength === 0 && !source.readableEnded) await Promise.race([once(source, 'readable'), once(source, 'end')])
    const first = source.read() as Buffer | null
    if (first === null) return source
    source.unshift(first)
    return first[0] === 0x1f && first[1] === 0x8b ? source.pipe(createGunzip()) : source
  }

  async function serve(req: IncomingMessage, isForm: boolean): Promise<void> {
    const claim = claimOf(req)
    const pvc = await readyClaim(claim.namespace, claim.name)
    if (req.method === 'HEAD') return
    if (req.method !== 'POST') throw new Refusal(404)
    const { uid } = pvc.metadata
    if (underway.has(uid)) throw new Refusal(503)
    underway.add(uid)
    try {
      await receive(pvc, await unpacked(isForm ? await multipartFile(req, 'file') : req))
    } finally {
      underway.delete(uid)
    }
  }

  return async (req: IncomingMessage, res: ServerResponse, path: string): Promise<void> => {
    // Browsers upload from any page that has a token.
    res.setHeader('Access-Control-Allow-Origin', '*')
    if (req.method === 'OPTIONS') {
      const asked = req.headers['access-control-request-headers']
      res.writeHead(204, {
        'Access-Control-Allow-Methods': req.headers['access-control-request-method'] ?? 'POST',
        ...(asked ? { 'Access-Control-Allow-Headers': asked } : {}),
      })
      res.end()
      return
    }
    try {
      await serve(req, uploadPath.exec(path)?.[1] !== undefined)
      res.writeHead(200, { 'Content-Length': 0 })
      res.end()
    } catch (error) {
      if (res.destroyed) return
      const { code, message } = error instanceof Refusal ? error : { code: 400, message: (error as Error).message }
      res.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
      res.end(message)
    }
  }
}
