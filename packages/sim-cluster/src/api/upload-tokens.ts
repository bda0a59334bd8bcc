// cdi-apiserver's one kind: a token to upload into a claim, which the upload proxy asks for.
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/apiserver/apiserver.go
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { KubeObject } from '@virtdeck/k8s'
import type { Clock } from '../clock.ts'
import { badRequest } from './status.ts'

const validSeconds = 300
const key = randomBytes(32)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const signatureOf = (signed: string): Buffer => createHmac('sha256', key).update(signed).digest()

/** The claim that a token is for; undefined when it is forged, or its time is over. */
export function readUploadToken(token: string, clock: Clock): { namespace: string; name: string } | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const [given, wanted] = [Buffer.from(signature, 'base64url'), signatureOf(`${header}.${payload}`)]
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined
  const { exp, name, namespace } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    exp: number
    name: string
    namespace: string
  }
  return exp * 1000 > clock.now() ? { namespace, name } : undefined
}

export function uploadToken(object: KubeObject, namespace: string, clock: Clock): KubeObject {
  const { pvcName } = (object.spec ?? {}) as { pvcName?: string }
  if (!pvcName) throw badRequest('spec.pvcName is required')
  const now = Math.floor(clock.now() / 1000)
  const claims = {
    exp: now + validSeconds,
    iat: now,
    iss: 'cdi-apiserver',
    name: pvcName,
    namespace,
    nbf: now,
    operation: 'Upload',
    resource: { group: '', version: 'v1', resource: 'persistentvolumeclaims' },
  }
  const signed = `${encode({ alg: 'HS256' })}.${encode(claims)}`
  const token = `${signed}.${signatureOf(signed).toString('base64url')}`
  return {
    kind: 'UploadTokenRequest',
    apiVersion: 'upload.cdi.kubevirt.io/v1beta1',
    metadata: { ...object.metadata, namespace, creationTimestamp: null } as unknown as KubeObject['metadata'],
    spec: { pvcName },
    status: { token },
  }
}
