// Who was running where and when, as far back as it matters: what the samples of VMs and nodes are computed from.
import type { Node, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import type { Clock } from '../clock.ts'
import { isTrue, vmis, vms, conditionOf } from '../controllers/objects.ts'
import type { Storage, StorageEvent } from '../storage/storage.ts'

/** A stay of a VMI on one node: a QEMU process, whose counters begin at nothing. */
export type Stay = { node: string; fromMs: number; untilMs?: number }
export type Pause = { fromMs: number; untilMs?: number }
/** One run of a VMI, from a running domain to its end. */
export type Life = { vmi: VirtualMachineInstance; bornMs: number; endedMs?: number; stays: Stay[]; pauses: Pause[] }
export type StatusSince = { status: string; fromMs: number }
/** A VM with the states that it was in, oldest first. */
export type VmHistory = { vm: VirtualMachine; statuses: StatusSince[]; deletedMs?: number }

export type Lives = {
  all(): Iterable<Life>
  /** The stays on a node, with those that have ended. */
  onNode(node: string): Iterable<{ life: Life; stay: Stay }>
  vms(): Iterable<VmHistory>
  nodes(): readonly Node[]
  stop(): void
}

const keptEnded = 2_000
const keptStatuses = 16

const timeMs = (text: unknown): number | undefined => {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN
  return Number.isNaN(ms) ? undefined : ms
}

export function recordLives({ storage, clock }: { storage: Storage; clock: Clock }): Lives {
  const living = new Map<string, Life>()
  const ended: Life[] = []
  const byNode = new Map<string, Set<{ life: Life; stay: Stay }>>()
  const histories = new Map<string, VmHistory>()
  const deletedVms: VmHistory[] = []

  function settle(life: Life, node: string, fromMs: number): void {
    const last = life.stays.at(-1)
    if (last && last.untilMs === undefined) last.untilMs = fromMs
    const stay = { node, fromMs }
    life.stays.push(stay)
    let stays = byNode.get(node)
    if (!stays) byNode.set(node, (stays = new Set()))
    stays.add({ life, stay })
  }

  function end(life: Life, atMs: number): void {
    living.delete(life.vmi.metadata.uid)
    life.endedMs = atMs
    for (const open of [life.stays.at(-1), life.pauses.at(-1)]) if (open && open.untilMs === undefined) open.untilMs = atMs
    ended.push(life)
    const forgotten = ended.length > keptEnded ? ended.shift() : undefined
    for (const stay of forgotten?.stays ?? []) {
      for (const entry of byNode.get(stay.node) ?? []) if (entry.stay === stay) byNode.get(stay.node)?.delete(entry)
    }
  }

  function seeVmi(vmi: VirtualMachineInstance): void {
    const { phase, nodeName, phaseTransitionTimestamps = [], migrationState } = vmi.status ?? {}
    let life = living.get(vmi.metadata.uid)
    if (phase !== 'Running' || !nodeName) {
      if (life && (phase === 'Succeeded' || phase === 'Failed')) end(life, clock.now())
      return
    }
    if (!life) {
      const running = phaseTransitionTimestamps.find((transition) => transition.phase === 'Running')
      const bornMs = timeMs(running?.phaseTransitionTimestamp) ?? timeMs(vmi.metadata.creationTimestamp) ?? clock.now()
      life = { vmi, bornMs, stays: [], pauses: [] }
      living.set(vmi.metadata.uid, life)
      // One that ran before anybody watched: of its migrations the last one is known.
      const movedMs = migrationState?.completed && !migrationState.failed ? timeMs(migrationState.endTimestamp) : undefined
      const cameFrom = migrationState?.sourceNode
      if (movedMs !== undefined && movedMs > bornMs && cameFrom && migrationState?.targetNode === nodeName) {
        settle(life, cameFrom, bornMs)
        settle(life, nodeName, movedMs)
      } else settle(life, nodeName, bornMs)
    } else if (life.stays.at(-1)?.node !== nodeName) settle(life, nodeName, clock.now())
    life.vmi = vmi
    const pause = life.pauses.at(-1)
    const paused = pause && pause.untilMs === undefined ? pause : undefined
    if (isTrue(vmi, 'Paused')) {
      if (!paused)
        life.pauses.push({ fromMs: Math.max(life.bornMs, timeMs(conditionOf(vmi, 'Paused')?.lastTransitionTime) ?? clock.now()) })
    } else if (paused) paused.untilMs = clock.now()
  }

  function seeVm(vm: VirtualMachine): void {
    const status = vm.status?.printableStatus ?? ''
    const known = histories.get(vm.metadata.uid)
    if (!known) {
      // What a VM did before anybody watched is told by the moment of its last change.
      const changes = (vm.status?.conditions ?? []).map(
        (condition) => timeMs((condition as { lastTransitionTime?: unknown }).lastTransitionTime) ?? 0,
      )
      const bornMs = timeMs(vm.metadata.creationTimestamp) ?? clock.now()
      const changedMs = Math.max(bornMs, ...changes)
      const before = changedMs > bornMs && status !== 'Stopped' ? [{ status: 'Stopped', fromMs: bornMs }] : []
      histories.set(vm.metadata.uid, { vm, statuses: [...before, { status, fromMs: before.length > 0 ? changedMs : bornMs }] })
      return
    }
    known.vm = vm
    if (known.statuses.at(-1)?.status === status) return
    known.statuses.push({ status, fromMs: clock.now() })
    if (known.statuses.length > keptStatuses) known.statuses.shift()
  }

  function forgetVm(vm: VirtualMachine): void {
    const history = histories.get(vm.metadata.uid)
    if (!history) return
    histories.delete(vm.metadata.uid)
    deletedVms.push({ ...history, deletedMs: clock.now() })
    if (deletedVms.length > keptEnded) deletedVms.shift()
  }

  function follow({ type, resource, object }: StorageEvent): void {
    if (resource.group !== 'kubevirt.io') return
    if (resource.plural === 'virtualmachineinstances') {
      const life = living.get(object.metadata.uid)
      if (type === 'DELETED') {
        if (life) end(life, clock.now())
      } else seeVmi(object as unknown as VirtualMachineInstance)
    } else if (resource.plural === 'virtualmachines') {
      if (type === 'DELETED') forgetVm(object as unknown as VirtualMachine)
      else seeVm(object as unknown as VirtualMachine)
    }
  }

  for (const vmi of storage.list(vmis)) seeVmi(vmi as unknown as VirtualMachineInstance)
  for (const vm of storage.list(vms)) seeVm(vm as unknown as VirtualMachine)
  const unsubscribe = storage.subscribe(follow)
  return {
    *all() {
      yield* ended
      yield* living.values()
    },
    onNode: (node) => byNode.get(node) ?? [],
    *vms() {
      yield* deletedVms
      yield* histories.values()
    },
    nodes: () => storage.list('nodes') as unknown as readonly Node[],
    stop: unsubscribe,
  }
}

/** The parts of `[fromMs, untilMs]` in which a guest was not paused. */
export function activeSpans(life: Life, fromMs: number, untilMs: number): [fromMs: number, untilMs: number][] {
  if (life.pauses.length === 0) return untilMs > fromMs ? [[fromMs, untilMs]] : []
  const spans: [number, number][] = []
  let atMs = fromMs
  for (const pause of life.pauses) {
    if (pause.fromMs >= untilMs) break
    if (pause.fromMs > atMs) spans.push([atMs, pause.fromMs])
    atMs = Math.max(atMs, pause.untilMs ?? untilMs)
  }
  if (atMs < untilMs) spans.push([atMs, untilMs])
  return spans
}
