// Tokens of service accounts, as `kubectl create token` asks for them: signed, for a while, and good while their account lives.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/registry/core/serviceaccount/storage/token.go
import { createPublicKey, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto'
import type { KubeObject } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import type { StoredObject } from '../storage/storage.ts'
import type { ApiServerContext, UserInfo } from './context.ts'
import { conflict, invalid, notFound } from './status.ts'

export const tokenRequestKind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }

const issuer = 'https://kubernetes.default.svc.cluster.local'
const shortestSeconds = 600
const longestSeconds = 2 ** 32
const usualSeconds = 3600

type Bound = { kind?: string; apiVersion?: string; name?: string; uid?: string }
type Spec = { audiences?: string[]; expirationSeconds?: number; boundObjectRef?: Bound | null }
type Named = { name: string; uid: string }
type Claims = {
  aud: string[]
  exp: number
  iat: number
  iss: string
  jti: string
  nbf: number
  sub: string
  'kubernetes.io': { namespace: string; serviceaccount: Named; pod?: Named; secret?: Named }
}
type Place = Pick<ApiServerContext, 'storage' | 'clock'>

let pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined

/** Made when the first token is asked for: most clusters never need it. */
function keys() {
  if (pair) return pair
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  pair = { privateKey, publicKey: createPublicKey(privateKey) }
  return pair
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Throws 422 for a life that is too short or too long. */
function secondsOf({ expirationSeconds = usualSeconds }: Spec, name: string): number {
  if (Number.isInteger(expirationSeconds) && expirationSeconds >= shortestSeconds && expirationSeconds <= longestSeconds)
    return expirationSeconds
  const why =
    expirationSeconds < shortestSeconds
      ? 'may not specify a duration less than 10 minutes'
      : 'may not specify a duration larger than 2^32 seconds'
  throw invalid({ ...tokenRequestKind, plural: 'tokenrequests' }, name, [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${expirationSeconds}: ${why}`, field: 'spec.expirationSeconds' },
  ])
}

/** The pod or the Secret that a token is bound to. Throws 422 for other kinds, 404 for what is not there, 409 for another uid. */
function boundTo({ storage }: Place, namespace: string, name: string, bound: Bound): { pod?: Named; secret?: Named } {
  const kind = bound.apiVersion === 'v1' && (bound.kind === 'Pod' || bound.kind === 'Secret') ? bound.kind : undefined
  if (!kind) {
    throw invalid({ ...tokenRequestKind, plural: 'tokenrequests' }, name, [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: "${bound.kind ?? ''}": cannot bind token to object of this kind`,
        field: 'spec.boundObjectRef.kind',
      },
    ])
  }
  const plural = kind === 'Pod' ? 'pods' : 'secrets'
  const found = storage.get(plural, namespace, bound.name ?? '')
  if (!found) throw notFound({ group: '', plural, kind }, bound.name ?? '')
  if (bound.uid && bound.uid !== found.metadata.uid) {
    const why = `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ group: '', plural, kind }, found.metadata.name, why)
  }
  const named = { name: found.metadata.name, uid: found.metadata.uid }
  return kind === 'Pod' ? { pod: named } : { secret: named }
}

/** Answers a TokenRequest for an account. Throws 404, 409 and 422 for requests that make no sense. */
export function issueToken(context: Place, account: StoredObject, request: KubeObject): KubeObject {
  const { name, uid, namespace = '' } = account.metadata
  const spec = (request.spec ?? {}) as Spec
  const seconds = secondsOf(spec, name)
  const audiences = spec.audiences?.length ? spec.audiences : [issuer]
  const bound = spec.boundObjectRef ? boundTo(context, namespace, name, spec.boundObjectRef) : {}
  const now = Math.floor(context.clock.now() / 1000)
  const claims: Claims = {
    aud: audiences,
    exp: now + seconds,
    iat: now,
    iss: issuer,
    jti: randomUUID(),
    'kubernetes.io': { namespace, ...bound, serviceaccount: { name, uid } },
    nbf: now,
    sub: `system:serviceaccount:${namespace}:${name}`,
  }
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), keys().privateKey).toString('base64url')
  return {
    kind: tokenRequestKind.kind,
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(context.clock) } as KubeObject['metadata'],
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token: `${signed}.${signature}`, expirationTimestamp: new Date((now + seconds) * 1000).toISOString().replace('.000Z', 'Z') },
  }
}

function readClaims(token: string): Claims | undefined {
  const [header, payload, signature, ...more] = token.split('.')
  if (!pair || !header || !payload || !signature || more.length > 0) return undefined
  const given = Buffer.from(signature, 'base64url')
  if (!verify('sha256', Buffer.from(`${header}.${payload}`), pair.publicKey, given)) return undefined
  // What was signed here is of this shape.
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
}

/** Whose token it is; undefined for forged ones, for other audiences, after its time, and once its account or what it is bound to is gone. */
export function serviceAccountUser({ storage, clock }: Place, token: string): UserInfo | undefined {
  const claims = readClaims(token)
  if (!claims || !claims.aud.includes(issuer) || claims.exp * 1000 <= clock.now()) return undefined
  const { namespace, serviceaccount, pod, secret } = claims['kubernetes.io']
  const lives = (key: string, named: Named | undefined) => !named || storage.get(key, namespace, named.name)?.metadata.uid === named.uid
  if (!lives('serviceaccounts', serviceaccount) || !lives('pods', pod) || !lives('secrets', secret)) return undefined
  return {
    username: claims.sub,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      ...(pod ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] } : {}),
    },
  }
}
