// What a Prometheus may scrape: on a listener of its own, which has no session, no browser and nobody's names.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { Audit } from './audit/audit.ts'
import type { ServerConfig } from './config.ts'
import type { Inventory } from './inventory/inventory.ts'
import type { Usage } from './usage/usage.ts'

export type Metrics = AsyncDisposable & {
  port: number
  /** Counts what goes wrong with the rows of tabs, once there is an inventory, and with what VMs use. */
  follow(inventory: Pick<Inventory, 'mismatches'>, usage?: Pick<Usage, 'health'>): void
}

/** Serves `/metrics`. Rejects with the socket's own error where it cannot listen. */
export async function startMetrics({ host, port }: NonNullable<ServerConfig['metrics']>, { audit }: { audit: Audit }): Promise<Metrics> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  auditMetrics(registry, audit)
  const server = createServer((req, res) => {
    if (req.url !== '/metrics' || req.method !== 'GET') return void res.writeHead(404).end()
    registry.metrics().then(
      (text) => res.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(text),
      () => res.writeHead(500).end(),
    )
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    follow(inventory, usage) {
      if (usage) usageMetrics(registry, usage)
      countOf(registry)('virtdeck_inventory_mismatches_total', 'Tabs whose rows were not what they should be, and that started over.', () =>
        inventory.mismatches(),
      )
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      registry.clear()
    },
  }
}

/** A counter that somebody else counts. */
const countOf = (registry: Registry) => (name: string, help: string, read: () => number) =>
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(read())
    },
  })

const gaugeOf = (registry: Registry) => (name: string, help: string, read: () => number) =>
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })

/** Of the Prometheus that is asked what VMs use. */
function usageMetrics(registry: Registry, usage: Pick<Usage, 'health'>): void {
  const counter = countOf(registry)
  const gauge = gaugeOf(registry)
  counter('virtdeck_usage_reads_total', 'How often Prometheus was asked what VMs use.', () => usage.health().reads)
  counter('virtdeck_usage_failures_total', 'How often it had no answer that could be used.', () => usage.health().failures)
  gauge('virtdeck_usage_failing', '1 while the last answer could not be used.', () => Number(usage.health().failing))
  gauge('virtdeck_usage_vmis', 'VMIs in the last answer.', () => usage.health().vmis)
  gauge(
    'virtdeck_usage_read_timestamp_seconds',
    'When Prometheus was last asked with success; 0 before.',
    () => (usage.health().readAt ?? 0) / 1000,
  )
}

function auditMetrics(registry: Registry, audit: Audit): void {
  const counter = countOf(registry)
  const gauge = gaugeOf(registry)
  counter('virtdeck_audit_records_total', 'Records of the audit log.', () => audit.health().records)
  counter('virtdeck_audit_dropped_total', 'Records of the audit log that found no room and are lost.', () => audit.health().dropped)
  gauge(
    'virtdeck_audit_backlog_bytes',
    'What waits for the audit log; beyond 4194304, changes are refused.',
    () => audit.health().backlogBytes,
  )
  gauge('virtdeck_audit_failing', '1 while the audit log cannot be written.', () => Number(audit.health().failing))
}
