// What every part of the simulated API server is given.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { KubeObject } from '@virtdeck/k8s'
import type { Clock } from '../clock.ts'
import type { Ledger } from '../control/ledger.ts'
import type { Schemas } from '../openapi/schema.ts'
import type { Storage } from '../storage/storage.ts'

export type UserInfo = {
  username: string
  uid?: string
  groups: string[]
  extra?: Record<string, string[]>
}

/** Who sends this bearer token; undefined where it is none of whom it knows. */
export type TokenAuthenticator = (token: string) => Promise<UserInfo | undefined>

/** kube-apiserver's RequestInfo: what a request asks for, parsed once. */
export type RequestInfo = {
  isResourceRequest: boolean
  path: string
  /** get, list, watch, create, update, patch, delete, deletecollection; or the HTTP method in lower case. */
  verb: string
  group: string
  version: string
  namespace?: string
  plural: string
  subresource?: string
  name?: string
  query: URLSearchParams
}

/** Answer of a connect-style subresource that is not a plain stored object (start, stop, guestosinfo, ...). */
export type SubresourceReply =
  | { code: number; json: unknown }
  | { code: number; text: string }
  | { code: number; png: Buffer | Promise<Buffer> }
  | { code: number }

export type SubresourceRequest = {
  method: string
  namespace: string
  name: string
  query: URLSearchParams
  /** Parsed JSON body, or undefined when empty. */
  body: unknown
  user: UserInfo
  accept: string
}

/**
 * KubeVirt's aggregated subresources: `virtualmachines/start`, `virtualmachineinstances/pause`, ... . Authorization was
 * done before. Refusals are thrown as ApiError.
 */
export type Subresources = {
  http: Map<string, { methods: readonly string[]; handle(request: SubresourceRequest): SubresourceReply }>
  /** `virtualmachineinstances/vnc`, `/console`, ...: throws ApiError to refuse before 101. */
  upgrade: Map<string, (request: SubresourceRequest, raw: { req: IncomingMessage; socket: Duplex; head: Buffer }) => void>
}

/** Runs before an object is stored. May return a changed object; throws ApiError to refuse. */
export type Admission = (request: {
  verb: 'create' | 'update' | 'delete'
  key: string
  subresource?: string
  object: KubeObject
  previous?: KubeObject
  user: UserInfo
  dryRun: boolean
}) => KubeObject

export type ApiServerContext = {
  storage: Storage
  clock: Clock
  subresources: Subresources
  admission: Admission[]
  /** Of everything that is served: for OpenAPI, and to validate what is written. */
  schemas: Schemas
  /** Bearer token to user. */
  tokens: Map<string, UserInfo>
  /** Tokens of an identity provider. */
  oidc?: TokenAuthenticator
  /** Where accepted writes are put down. */
  ledger?: Ledger
  /** Whether virt-api, which serves subresources and webhooks, can be reached; it can unless said otherwise. */
  virtApi?: { reachable: boolean }
}
