// Live migrations: a target pod, the hand-over to virt-handler, memory over the wire, the switch.
// https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/migration/migration.go
import type { KubeObject, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '@virtdeck/k8s'
import { timestamp } from '../clock.ts'
import { quotaRefusal } from '../quota/quotas.ts'
import type { ControllerContext } from './context.ts'
import type { Controller, ReconcileContext } from './controller.ts'
import { behaviourOf } from './behaviour.ts'
import { delays, migrationMs } from './delays.ts'
import { isFinalMigration } from './indexes.ts'
import { launcherPod } from './launcher-pod.ts'
import { conditionOf, conditionsOf, isTrue, keyOf, migrations, splitKey, vmis, withCondition } from './objects.ts'
import { isPodReady } from './pods.ts'
import { hashOf } from './random.ts'
import { interfacesOf } from './vmi-status.ts'
import { kubeVirtCr, memoryBytesOf, topologyOf } from './vmi-spec.ts'
import { activePodOf, describeGuest, draftStatus, isFinal } from './vmis.ts'

const finalizer = 'kubevirt.io/migrationJobFinalize'
/** On migrations that bring what was changed on a running VM. */
export const workloadUpdate = 'kubevirt.io/workloadUpdateMigration'
type State = NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>
type Migration = VirtualMachineInstanceMigration

/** virt-controller keeps the last finished migrations of a VMI. */
const keptMigrations = 5

export function migrationController(context: ControllerContext): Controller {
  const { objects, indexes, clock, guests, record, random, waits } = context

  const configuration = () => {
    const configured = kubeVirtCr(objects)?.spec.configuration?.migrations
    return {
      allowAutoConverge: false,
      allowPostCopy: false,
      allowWorkloadDisruption: false,
      bandwidthPerMigration: '0',
      completionTimeoutPerGiB: 150,
      nodeDrainTaintKey: 'kubevirt.io/drain',
      parallelMigrationsPerCluster: configured?.parallelMigrationsPerCluster ?? 5,
      parallelOutboundMigrationsPerNode: configured?.parallelOutboundMigrationsPerNode ?? 2,
      progressTimeout: 150,
      unsafeMigrationOverride: false,
    }
  }

  function toPhase(migration: Migration, phase: string, state?: object): Migration {
    return objects.setStatus(migrations, migration, {
      ...migration.status,
      ...(state ? { migrationState: state } : {}),
      phase,
      phaseTransitionTimestamps: [
        ...(migration.status?.phaseTransitionTimestamps ?? []),
        { phase, phaseTransitionTimestamp: timestamp(clock) },
      ],
    })
  }

  /** Rewrites the VMI's migrationState; the labels go with it where they are given. */
  function setState(vmi: VirtualMachineInstance, state: Partial<State> & object, labels?: Record<string, string>): VirtualMachineInstance {
    const draft = draftStatus(context, vmi)
    draft.status.migrationState = { ...draft.status.migrationState, ...state }
    return draft.write(labels)
  }

  const targetPodOf = (migration: Migration, vmi: VirtualMachineInstance): Pod | undefined =>
    indexes.podsOfVmi(vmi.metadata.uid).find((pod) => pod.metadata.labels?.['kubevirt.io/migrationJobUID'] === migration.metadata.uid)

  function finish(migration: Migration, phase: 'Succeeded' | 'Failed', vmi: VirtualMachineInstance | undefined): void {
    const final = toPhase(migration, phase)
    const state = vmi?.status?.migrationState
    const complete =
      state?.migrationUid === migration.metadata.uid
        ? objects.setStatus(migrations, final, { ...final.status, migrationState: state })
        : final
    objects.removeFinalizers(migrations, complete, [finalizer])
    if (vmi) collect(vmi)
  }

  /** Old finished migrations go, and the completed launchers that nothing tells of any more. */
  function collect(vmi: VirtualMachineInstance): void {
    const finished = indexes
      .migrationsOfVmi(keyOf(vmi))
      .filter(isFinalMigration)
      .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))
    for (const old of finished.slice(keptMigrations)) objects.remove(migrations, old)
    const told = new Set(finished.slice(0, keptMigrations).map((kept) => kept.status?.migrationState?.sourcePod))
    for (const pod of indexes.podsOfVmi(vmi.metadata.uid)) {
      if (pod.status?.phase === 'Succeeded' && pod.spec?.nodeName !== vmi.status?.nodeName && !told.has(pod.metadata.name))
        objects.remove('pods', pod)
    }
  }

  /** Ends a migration that did not come to its end: the guest stays where it is, the target pod goes. */
  function fail(migration: Migration, vmi: VirtualMachineInstance | undefined, why: string): void {
    const pod = vmi && targetPodOf(migration, vmi)
    let current = vmi
    if (vmi && vmi.status?.migrationState?.migrationUid === migration.metadata.uid && !vmi.status.migrationState.completed) {
      current = setState(vmi, { completed: true, endTimestamp: timestamp(clock) as never, failed: true, failureReason: why })
    }
    if (pod && current) {
      const draft = draftStatus(context, current)
      draft.status.activePods = Object.fromEntries(
        Object.entries(draft.status.activePods ?? {}).filter(([uid]) => uid !== pod.metadata.uid),
      )
      current = draft.write()
      objects.remove('pods', objects.setStatus('pods', pod, { ...pod.status, phase: 'Failed' }), 30)
    }
    record(migration, 'Warning', 'FailedMigration', why)
    finish(migration, 'Failed', current)
  }

  function abort(migration: Migration, vmi: VirtualMachineInstance | undefined, reconcile: ReconcileContext): void {
    if (!vmi || migration.status?.phase !== 'Running' || isFinal(vmi)) {
      fail(migration, vmi, 'Migration was cancelled before it started')
      return
    }
    const state = vmi.status?.migrationState
    const current = state?.abortRequested ? vmi : setState(vmi, { abortRequested: true, abortStatus: 'Aborting' })
    if (!waits.passed(`abort ${migration.metadata.uid}`, delays.abortMigration, reconcile)) return
    const aborted = setState(current, { abortStatus: 'Succeeded' })
    record(aborted, 'Normal', 'Migrating', 'VirtualMachineInstance migration was aborted.', {
      component: 'virt-handler',
      host: aborted.status?.nodeName ?? '',
    })
    fail(migration, aborted, 'Live migration aborted')
  }

  /** Room under the limits of the cluster and of the source node. */
  function mayStart(vmi: VirtualMachineInstance): boolean {
    const { parallelMigrationsPerCluster, parallelOutboundMigrationsPerNode } = configuration()
    const started = indexes.activeMigrations().filter((other) => other.status?.phase && other.status.phase !== 'Pending')
    const outbound = started.filter(
      (other) => objects.get(vmis, other.metadata.namespace, other.spec?.vmiName)?.status?.nodeName === vmi.status?.nodeName,
    )
    return started.length < parallelMigrationsPerCluster && outbound.length < parallelOutboundMigrationsPerNode
  }

  function createTarget(migration: Migration, vmi: VirtualMachineInstance, reconcile: ReconcileContext): void {
    const source = activePodOf(context, vmi)
    const nodeSelector = migration.spec?.addedNodeSelector as Record<string, string> | undefined
    const wanted = launcherPod(vmi, random.suffix(), {
      ...(vmi.status?.nodeName ? { notOnNode: vmi.status.nodeName } : {}),
      ...(nodeSelector ? { nodeSelector } : {}),
      migrationUid: migration.metadata.uid,
    })
    const refusal = quotaRefusal(context.storage, 'pods', wanted as unknown as KubeObject)
    if (refusal) {
      record(vmi, 'Warning', 'FailedCreate', `Error creating pod: ${refusal.message}`)
      const conditions = withCondition(
        conditionsOf(migration as never),
        'migrationRejectedByResourceQuota',
        { status: 'True', probed: true },
        timestamp(clock),
      )
      objects.setStatus(migrations, migration, { ...migration.status, conditions })
      reconcile.requeueAfter(delays.retryPod)
      return
    }
    const accepted = conditionOf(migration as never, 'migrationRejectedByResourceQuota')
      ? objects.setStatus(migrations, migration, {
          ...migration.status,
          conditions: withCondition(conditionsOf(migration as never), 'migrationRejectedByResourceQuota', undefined, timestamp(clock)),
        })
      : migration
    const pod = objects.create('pods', wanted)
    record(migration, 'Normal', 'SuccessfulCreate', `Created migration target pod ${pod.metadata.name}`)
    const draft = draftStatus(context, vmi)
    draft.status.activePods = { ...draft.status.activePods, [pod.metadata.uid]: '' }
    draft.write()
    toPhase(accepted, 'Scheduling', { sourcePod: source?.metadata.name })
  }

  function handOver(migration: Migration, vmi: VirtualMachineInstance, pod: Pod): void {
    const targetNode = pod.spec?.nodeName ?? ''
    const source = activePodOf(context, vmi)
    const draft = draftStatus(context, vmi)
    draft.status.activePods = { ...draft.status.activePods, [pod.metadata.uid]: targetNode }
    draft.status.migrationState = {
      migrationConfiguration: configuration() as never,
      migrationUid: migration.metadata.uid,
      ...(vmi.status?.nodeName ? { sourceNode: vmi.status.nodeName } : {}),
      ...(source ? { sourcePod: source.metadata.name } : {}),
      targetNode,
      targetPod: pod.metadata.name,
    }
    draft.write({ 'kubevirt.io/migrationTargetNodeName': targetNode })
    record(migration, 'Normal', 'SuccessfulHandOver', 'Migration target pod is ready for preparation by virt-handler.')
    toPhase(migration, 'PreparingTarget')
  }

  function targetPrepared(migration: Migration, vmi: VirtualMachineInstance, pod: Pod): void {
    const seed = hashOf(migration.metadata.uid)
    const hostIP = pod.status?.hostIP
    setState(vmi, {
      ...(hostIP ? { targetNodeAddress: hostIP } : {}),
      targetDirectMigrationNodePorts: {
        [32_768 + (seed % 4_000)]: 0,
        [37_000 + (seed % 5_000)]: 49_152,
        [43_000 + (seed % 6_000)]: 49_153,
      },
    })
    record(vmi, 'Normal', 'PreparingTarget', 'VirtualMachineInstance Migration Target Prepared.', {
      component: 'virt-handler',
      host: pod.spec?.nodeName ?? '',
    })
    toPhase(migration, 'TargetReady')
  }

  function begin(migration: Migration, vmi: VirtualMachineInstance): void {
    setState(vmi, { mode: 'PreCopy', startTimestamp: timestamp(clock) as never })
    record(vmi, 'Normal', 'Migrating', 'VirtualMachineInstance is migrating.', {
      component: 'virt-handler',
      host: vmi.status?.nodeName ?? '',
    })
    toPhase(migration, 'Running')
  }

  /** While memory is copied; true when the target runs. */
  function copied(migration: Migration, vmi: VirtualMachineInstance, reconcile: ReconcileContext): boolean {
    const state = vmi.status?.migrationState
    if (state?.targetNodeDomainDetected) return true
    const gib = Math.max(1, memoryBytesOf(vmi.spec) / 2 ** 30)
    const timeoutMs = gib * configuration().completionTimeoutPerGiB * 1000
    if (behaviourOf(objects, vmi, 'migration-stalls')) {
      const { progressTimeout } = configuration()
      if (waits.passed(`copy ${migration.metadata.uid}`, progressTimeout * 1000, reconcile)) {
        fail(migration, vmi, `Live migration stuck for ${progressTimeout} seconds and has been aborted`)
      }
      return false
    }
    const wanted = Number(behaviourOf(objects, vmi, 'migration-seconds') ?? 0) * 1000 || migrationMs(memoryBytesOf(vmi.spec))
    if (!waits.passed(`copy ${migration.metadata.uid}`, Math.min(wanted, timeoutMs), reconcile)) return false
    if (wanted > timeoutMs) {
      fail(migration, vmi, `Live migration is not completed after ${Math.round(timeoutMs / 1000)} seconds and has been aborted`)
      return false
    }
    setState(vmi, { targetNodeDomainDetected: true, targetNodeDomainReadyTimestamp: timestamp(clock) as never })
    return true
  }

  /**
   * What waited for the new launcher: sockets, memory; its interfaces came with it.
   * https://github.com/kubevirt/kubevirt/blob/75581da/pkg/virt-handler/migration-target.go
   */
  function plugIn(vmi: VirtualMachineInstance, draft: ReturnType<typeof draftStatus>): void {
    const { cpu, memory } = vmi.spec.domain
    if (conditionOf(vmi, 'HotVCPUChange')) {
      draft.status.currentCPUTopology = topologyOf(cpu)
      draft.condition('HotVCPUChange', undefined)
    }
    if (isTrue(vmi, 'HotMemoryChange')) {
      const failed = behaviourOf(objects, vmi, 'memory-hotplug') === 'fails'
      draft.condition(
        'HotMemoryChange',
        failed
          ? { status: 'False', reason: 'Memory Hotplug Failed', message: 'memory hotplug failed, the VM configuration is not supported' }
          : undefined,
      )
      if (!failed) draft.status.memory = { ...draft.status.memory, guestCurrent: memory?.guest, guestRequested: memory?.guest } as never
    }
    draft.condition('MigrationRequired', undefined)
  }

  /** Migrations that virt-controller made itself wait longer after each that failed: 20 seconds, 40, 80, ... */
  function backoffLeftMs(migration: Migration): number {
    const automatic = (one: Migration) =>
      one.metadata.annotations?.[workloadUpdate] !== undefined ||
      one.metadata.annotations?.['kubevirt.io/evacuationMigration'] !== undefined
    if (!automatic(migration)) return 0
    const earlier = indexes
      .migrationsOfVmi(`${migration.metadata.namespace}/${migration.spec?.vmiName}`)
      .filter((other) => other.metadata.uid !== migration.metadata.uid && automatic(other) && !other.metadata.deletionTimestamp)
      .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))
    const succeeded = earlier.findIndex((other) => other.status?.phase === 'Succeeded')
    const failures = (succeeded === -1 ? earlier : earlier.slice(0, succeeded)).filter((other) => other.status?.phase === 'Failed').length
    const last = earlier[0]?.status?.phaseTransitionTimestamps?.find(({ phase }) => phase === 'Failed')?.phaseTransitionTimestamp
    return failures === 0 || last === undefined ? 0 : Date.parse(String(last)) + 10_000 * 2 ** failures - clock.now()
  }

  function switchOver(migration: Migration, vmi: VirtualMachineInstance, pod: Pod): void {
    const targetNode = pod.spec?.nodeName ?? ''
    const source = activePodOf(context, vmi)
    const host = { component: 'virt-handler', host: vmi.status?.nodeName ?? '' }
    const draft = draftStatus(context, vmi)
    draft.status.nodeName = targetNode
    draft.status.interfaces = interfacesOf(vmi, pod.status?.podIP ?? '', isTrue(vmi, 'AgentConnected')) as never
    draft.status.migrationState = { ...draft.status.migrationState, completed: true, endTimestamp: timestamp(clock) as never }
    delete draft.status.evacuationNodeName
    plugIn(vmi, draft)
    const moved = draft.write({ 'kubevirt.io/nodeName': targetNode })
    guests.migrated(vmi.metadata.uid, targetNode)
    describeGuest(context, moved)
    record(moved, 'Normal', 'Migrated', `The VirtualMachineInstance migrated to node ${targetNode}.`, host)
    record(migration, 'Normal', 'SuccessfulMigration', 'Source node reported migration succeeded')
    if (source) {
      const conditions = conditionsOf(source as never).map((condition) =>
        condition.type === 'Ready' ? { ...condition, status: 'False', reason: 'PodCompleted' } : condition,
      )
      objects.setStatus('pods', source, { ...source.status, phase: 'Succeeded', conditions })
    }
    finish(migration, 'Succeeded', moved)
  }

  return {
    name: 'migrations',
    keysOf({ resource, object, type }) {
      if (resource.plural === 'virtualmachineinstancemigrations') {
        // The end of one makes room for those that wait.
        const ended = type === 'DELETED' || isFinalMigration(object as unknown as Migration)
        const waiting = ended ? indexes.activeMigrations().filter((other) => other.status?.phase === 'Pending') : []
        return [keyOf(object), ...waiting.map(keyOf)]
      }
      if (resource.plural === 'pods') {
        const uid = object.metadata.labels?.['kubevirt.io/migrationJobUID']
        return uid
          ? indexes
              .activeMigrations()
              .filter((migration) => migration.metadata.uid === uid)
              .map(keyOf)
          : []
      }
      if (resource.plural === 'virtualmachineinstances') {
        return indexes
          .migrationsOfVmi(keyOf(object))
          .filter((migration) => type === 'DELETED' || !isFinalMigration(migration))
          .map(keyOf)
      }
      return []
    },
    reconcile(key, reconcile) {
      const migration = objects.get(migrations, ...splitKey(key))
      if (!migration) return
      const vmi = objects.get(vmis, migration.metadata.namespace, migration.spec?.vmiName)
      if (isFinalMigration(migration)) {
        if (migration.metadata.finalizers?.includes(finalizer)) objects.removeFinalizers(migrations, migration, [finalizer])
        // A migration does not outlive the VMI that it moved.
        // https://github.com/kubevirt/kubevirt/blob/d923fdb/pkg/virt-controller/watch/migration/migration.go
        else if (!vmi && !migration.metadata.deletionTimestamp) objects.remove(migrations, migration)
        return
      }
      if (migration.metadata.deletionTimestamp) {
        abort(migration, vmi, reconcile)
        return
      }
      if (!vmi) {
        fail(migration, undefined, 'Migration failed because vmi does not exist.')
        return
      }
      if (isFinal(vmi) || vmi.metadata.deletionTimestamp) {
        fail(migration, vmi, 'Migration failed vmi shutdown during migration.')
        return
      }
      const pod = targetPodOf(migration, vmi)
      const { uid } = migration.metadata
      switch (migration.status?.phase) {
        case undefined: {
          const source = activePodOf(context, vmi)
          toPhase(migration, 'Pending', source ? { sourcePod: source.metadata.name } : {})
          return
        }
        case 'Pending':
          if (vmi.status?.phase !== 'Running' || !mayStart(vmi)) return
          if (backoffLeftMs(migration) > 0) {
            record(vmi, 'Warning', 'MigrationBackoff', `backoff migrating vmi ${keyOf(vmi)}`)
            reconcile.requeueAfter(backoffLeftMs(migration))
            return
          }
          createTarget(migration, vmi, reconcile)
          return
        case 'Scheduling':
          if (!pod) fail(migration, vmi, 'Migration failed because target pod does not exist.')
          else if (isPodReady(pod)) toPhase(migration, 'Scheduled')
          else if (waits.passed(`pending ${uid}`, delays.pendingTargetTimeout, reconcile)) {
            fail(migration, vmi, `Migration target pod was in an unschedulable state for more than ${delays.pendingTargetTimeout / 1000}s`)
          }
          return
        case 'Scheduled':
          waits.forget(`pending ${uid}`)
          if (pod) handOver(migration, vmi, pod)
          return
        case 'PreparingTarget':
          if (pod && waits.passed(`prepare ${uid}`, delays.prepareMigrationTarget, reconcile)) targetPrepared(migration, vmi, pod)
          return
        case 'TargetReady':
          if (waits.passed(`begin ${uid}`, delays.startMigration, reconcile)) begin(migration, vmi)
          return
        case 'Running':
          if (!pod || pod.metadata.deletionTimestamp) fail(migration, vmi, 'Migration failed because target pod shutdown during migration')
          else if (copied(migration, vmi, reconcile) && waits.passed(`finish ${uid}`, delays.finishMigration, reconcile)) {
            const now = objects.get(vmis, vmi.metadata.namespace, vmi.metadata.name)
            if (now) switchOver(migration, now, pod)
          }
          return
        default:
      }
    },
  }
}
