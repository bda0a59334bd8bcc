// What lives as long as the server, in one plain object.
import type { Audit } from './audit/audit.ts'
import type { Kubeconfig } from './auth/kubeconfig.ts'
import type { Launch } from './auth/launch.ts'
import type { Oidc } from './auth/oidc.ts'
import type { Origins } from './auth/provenance.ts'
import type { KeyRing } from './auth/sealed-cookie.ts'
import type { Sessions } from './auth/sessions.ts'
import type { Tickets } from './auth/tickets.ts'
import type { ServerConfig } from './config.ts'
import type { Inventory } from './inventory/inventory.ts'
import type { PassThrough } from './k8s/pass-through.ts'
import type { Upstream } from './k8s/upstream.ts'
import type { Logger } from './logger.ts'
import type { Usage } from './usage/usage.ts'

export type Context = {
  config: ServerConfig
  recheckMs: number
  log: Logger
  own: Origins
  /** The one that browsers know: it tells cookies of one machine apart. */
  port: number
  ring: KeyRing
  kubeconfig: Kubeconfig
  upstream: Upstream
  passThrough: PassThrough
  sessions: Sessions
  tickets: Tickets
  oidc?: Oidc
  launch: Launch
  inventory: Inventory
  /** Without a Prometheus, there is none. */
  usage?: Usage
  audit: Audit
}
