// cdi-apiserver's one kind: a token to upload into a claim. Nothing here takes uploads yet, but clients ask for it first.
// https://github.com/kubevirt/containerized-data-importer/blob/v1.64.0/pkg/apiserver/apiserver.go
import { createHmac, randomBytes } from 'node:crypto'
import type { KubeObject } from '@virtdeck/k8s'
import type { Clock } from '../clock.ts'
import { badRequest } from './status.ts'

const validSeconds = 300
const key = randomBytes(32)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

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
  const token = `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
  return {
    kind: 'UploadTokenRequest',
    apiVersion: 'upload.cdi.kubevirt.io/v1beta1',
    metadata: { ...object.metadata, namespace, creationTimestamp: null } as unknown as KubeObject['metadata'],
    spec: { pvcName },
    status: { token },
  }
}
