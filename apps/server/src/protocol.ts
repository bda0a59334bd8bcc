// What browser and server say to each other. Types only: the one file of the server that the web may import.
import type { KubeObject, Status } from '@virtdeck/k8s'
import type { Fleet, FleetRows } from '@virtdeck/kubevirt'

/** `GET /api/session`. Always 200: who is signed in, or how one may sign in. */
export type Session = {
  user?: {
    name: string
    groups: string[]
    /** The identity provider named a place to ask for groups instead of the groups: the cluster knows of none. */
    groupsMissing?: boolean
  }
  /** Sent back as `x-kvd-csrf` with everything that is not a GET. Only when signed in. */
  csrf?: string
  /** When the session ends whatever one does, milliseconds since the epoch. */
  expiresAt?: number
  /** When it ends unless the person does something: a write, or `POST /api/session`, which answers `Session`. Reads do not count. */
  idleEndsAt?: number
  /** When the identity provider's token ends: `POST /auth/refresh` renews it before, by one tab at a time, and answers `Session`. */
  renewBefore?: number
  /** Ways in, in the order to show them. */
  signIn: SignInMode[]
  cluster: {
    name: string
    simulated: boolean
    /** Whether a Prometheus is configured, which `GET /api/usage` tells of. */
    usage?: boolean
    /** What whoever is signed in should know of how the cluster is reached. */
    warnings?: string[]
    kubernetesVersion?: string
    kubevirtVersion?: string
  }
}

export type SignInMode =
  /** A link to `/auth/login?rt=PATH`, which comes back signed in or to `/sign-in?error=SignInError`. */
  | { mode: 'oidc' }
  | { mode: 'token' }
  | { mode: 'demo'; users: { name: string; description: string }[] }
  /** Needs the token of the link `/#t=TOKEN` that the server printed, once. */
  | { mode: 'kubeconfig'; user: string }

/** `POST /auth/sign-in`; answers `Session`, or a `Status`. `POST /auth/sign-out` answers `SignedOut`. */
export type SignInRequest = { mode: 'token'; token: string } | { mode: 'demo'; user: string } | { mode: 'kubeconfig'; launch: string }

/** Where the identity provider's own session ends, if there is one. */
export type SignedOut = { leaveTo?: string }

export type SignInError = 'refused' | 'provider' | 'cluster' | 'groups'

/**
 * `POST /api/ws-ticket`: what a WebSocket needs beside the session's cookie. The target is its path and query, byte for
 * byte. The ticket goes as the subprotocol `virtdeck.ticket.TICKET` beside `virtdeck.v1` for `/live` and
 * `plain.kubevirt.io` for a console; it is good for 30 s and for one connection.
 */
export type TicketRequest = { target: string }
export type Ticket = { ticket: string }

/**
 * `GET /api/inventory/FLEET`: the first picture, which the socket continues from `epoch` and `seq`. Lines of text: the
 * head as JSON, and then rows in blocks as decodeRows reads them. With `?followed=true` it may be half a minute old.
 */
export type SnapshotHead<F extends Fleet = Fleet> = {
  fleet: F
  epoch: string
  seq: number
  /** `forbidden` where the user may list the fleet's resource nowhere; there are no rows then. */
  access: Access
}

export type Snapshot<F extends Fleet = Fleet> = SnapshotHead<F> & { rows: FleetRows[F][] }

/** In which namespaces the signed-in user may list a fleet. */
export type Access = { scope: 'cluster' } | { scope: 'namespaces'; namespaces: string[] } | { scope: 'forbidden'; status: Status }

/**
 * `GET /api/usage`: what VMs use, as it was last measured, for the namespaces whose VMIs one may list. Lines of JSON: the
 * head, and then a UsageLine for each namespace. 404 where no Prometheus is configured.
 */
export type UsageHead = {
  /** When Prometheus was last asked, ms by the server's clock: asking again before `everyMs` have passed gives the same. */
  askedAt: number
  everyMs: number
  /** When what follows was measured; absent where there is nothing to show. */
  at?: number
  /** Why there is nothing, or nothing newer: a sentence. */
  problem?: string
}

/** A namespace's VMIs, by names with spaces between them; -1 where something was not measured. */
export type UsageLine = [namespace: string, names: string, cpuMillicores: number[], memoryMebibytes: number[]]

/** Browser to server, over `/live`. */
export type LiveRequest =
  /** Continue a fleet from a snapshot. The server answers with deltas, or with a `reset` where it cannot. */
  | { type: 'fleet'; fleet: Fleet; epoch: string; seq: number }
  | { type: 'fleet-close'; fleet: Fleet }
  /** The rows were not what a digest said; the snapshot is being fetched again. */
  | { type: 'mismatch'; fleet: Fleet; epoch: string; seq: number }
  /** Watch a page's few objects with the user's own credential. `path` is a collection path under `/k8s`. */
  | { type: 'watch'; id: number; path: string; fieldSelector?: string; labelSelector?: string }
  | { type: 'watch-close'; id: number }

/** Server to browser, over `/live`. */
export type LiveMessage =
  /** First, and then every 5 s: the browser calls itself stale 12 s after the last. `now` is the server's clock, ms. */
  | { type: 'heartbeat'; now: number }
  /** A fleet's rows that changed; `seq` grows by one each time. */
  | { type: 'delta'; fleet: Fleet; epoch: string; seq: number; upsert: FleetRows[Fleet][]; remove: string[] }
  /** Every 60 s: the digest of all rows after `seq`, as sumOfText and digestOf make it of their texts. */
  | { type: 'digest'; fleet: Fleet; epoch: string; seq: number; digest: string }
  /** Fetch the snapshot again (rights changed, or the gap was too long). */
  | { type: 'reset'; fleet: Fleet }
  /** The server's own view of a fleet: live, or stale since (ms) because the API server does not answer. */
  | { type: 'fleet-state'; fleet: Fleet; state: 'live' | 'stale'; since?: number }
  /** A watch's first picture; again after every relist. */
  | { type: 'objects'; id: number; items: KubeObject[] }
  | { type: 'event'; id: number; event: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  /** The API server does not answer a watch since (ms), or does again; of one that has only ever been live nothing is said. */
  | { type: 'watch-state'; id: number; state: 'live' | 'stale'; since?: number }
  /** The watch ended and does not come back by itself. */
  | { type: 'watch-error'; id: number; status: Status }

/**
 * One operation in the audit log of this replica, as an object that can be watched at
 * `/apis/virtdeck.io/v1/activities` by those who may list `activities.virtdeck.io`. No API server knows the kind.
 */
export type Activity = KubeObject & {
  metadata: { name: string; uid: string; creationTimestamp: string }
  /** `x-request-id` of our answer, and the `Audit-ID` that the API server was sent. */
  requestId: string
  /** `vm.start`, `auth.sign-in`, `gate.reject`; see docs/audit.md. */
  event: string
  actor:
    | { kind: 'user'; name: string; groups: number; mode: string; sid: string }
    | { kind: 'anonymous' }
    /** virtdeck itself. */
    | { kind: 'server' }
  client?: { ip: string; userAgent: string }
  target?: { group: string; resource: string; subresource?: string; namespace?: string; name?: string; vm?: string }
  change?: { verb: string; dryRun: boolean; bytes: number; fields: string[]; takeover?: boolean }
  /** Which rule of the gate refused. */
  gate?: string
  /** Its outcome is not known yet. */
  running: boolean
  /** `status` is an HTTP status, or 0 where virtdeck ended first. */
  result?: {
    status: number
    reason: string
    ms: number
    auditId?: string
    bytesDown?: number
    bytesUp?: number
    closeCode?: number
  }
  /** How many records before this one were lost. */
  missing?: number
  /** `CHAIN:SEQ:HASH` of its latest line: noted elsewhere, it shows later that nothing before it was cut off or altered. */
  position: string
}

/** Close codes of `/live` and of the consoles. */
export type CloseCodes = {
  readonly badRequest: 4400
  readonly sessionEnded: 4401
  readonly forbidden: 4403
  readonly gone: 4404
  readonly slow: 4408
  readonly inUse: 4409
  readonly notRunning: 4412
  readonly limit: 4429
  readonly upstreamProtocol: 4502
  readonly upstreamDown: 4503
  readonly upstreamTimeout: 4504
}
