// Graceful deletion: preconditions, finalizers, grace periods, and what becomes of dependents.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/registry/generic/registry/store.go
import { apiResource, resourceKey, type ApiResource } from './api-resources.ts'
import { timestamp, type Clock } from '../clock.ts'
import type { Storage, StoredObject } from '../storage/storage.ts'
import { badRequest, notFound, preconditionFailed } from './status.ts'

export type DeleteOptions = {
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  orphanDependents?: boolean
  dryRun?: string[]
}

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

/** Options from the body and, as kubectl and curl send them too, from the query. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const options: DeleteOptions = typeof body === 'object' && body !== null ? { ...(body as DeleteOptions) } : {}
  const grace = query.get('gracePeriodSeconds')
  if (grace !== null) options.gracePeriodSeconds = Number(grace)
  const policy = query.get('propagationPolicy')
  if (policy !== null) options.propagationPolicy = policy as NonNullable<DeleteOptions['propagationPolicy']>
  if (query.get('orphanDependents') === 'true') options.orphanDependents = true
  if (query.get('dryRun') === 'All') options.dryRun = ['All']
  if (options.propagationPolicy && !['Orphan', 'Background', 'Foreground'].includes(options.propagationPolicy)) {
    throw badRequest(`invalid propagationPolicy "${options.propagationPolicy}"`)
  }
  return options
}

function checkPreconditions(resource: ApiResource, object: StoredObject, { preconditions }: DeleteOptions): void {
  const { name, uid, resourceVersion } = object.metadata
  if (preconditions?.uid && preconditions.uid !== uid) {
    throw preconditionFailed(
      resource,
      name,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    )
  }
  if (preconditions?.resourceVersion && preconditions.resourceVersion !== resourceVersion) {
    throw preconditionFailed(
      resource,
      name,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    )
  }
}

function finalizersFor(object: StoredObject, options: DeleteOptions): string[] {
  const others = (object.metadata.finalizers ?? []).filter(
    (finalizer) => finalizer !== foregroundFinalizer && finalizer !== orphanFinalizer,
  )
  if (options.orphanDependents || options.propagationPolicy === 'Orphan') return [...others, orphanFinalizer]
  if (options.propagationPolicy === 'Foreground') return [...others, foregroundFinalizer]
  // Without a say, a deletion under way keeps its policy.
  return options.propagationPolicy === undefined ? (object.metadata.finalizers ?? []) : others
}

/** Pods end in their own time; everything else at once. https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/registry/core/pod/strategy.go */
function graceSecondsFor(resource: ApiResource, object: StoredObject, options: DeleteOptions): number {
  if (resourceKey(resource) !== 'pods') return 0
  const pod = object as StoredObject & { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number }; status?: { phase?: string } }
  if (!pod.spec?.nodeName || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return 0
  return options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
}

export type Deletion = { object: StoredObject; gone: boolean }

/** Deletes, or marks as being deleted where finalizers or a grace period hold it. Throws 404, 409. */
export function deleteObject(
  storage: Storage,
  clock: Clock,
  key: string,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions = {},
): Deletion {
  const resource = apiResource(key)
  const object = storage.get(key, namespace, name)
  if (!object) throw notFound(resource, name)
  checkPreconditions(resource, object, options)
  const finalizers = finalizersFor(object, options)
  const graceSeconds = graceSecondsFor(resource, object, options)
  const isNamespace = key === 'namespaces'
  const waits = finalizers.length > 0 || graceSeconds > 0 || isNamespace
  const dryRun = options.dryRun?.includes('All') ?? false
  if (!waits) return { object: dryRun ? object : storage.delete(key, namespace, name), gone: true }

  const { finalizers: _finalizers, ...metadata } = object.metadata
  const dueMs = clock.now() + graceSeconds * 1000
  const alreadyDue = object.metadata.deletionTimestamp
  const deletionTimestamp = alreadyDue && Date.parse(alreadyDue) <= dueMs ? alreadyDue : timestamp({ ...clock, now: () => dueMs })
  const marked: StoredObject = {
    ...object,
    ...(isNamespace ? { status: { ...(object.status as object | undefined), phase: 'Terminating' } } : {}),
    metadata: {
      ...metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds: graceSeconds,
      ...(finalizers.length > 0 ? { finalizers } : {}),
    },
  }
  return { object: dryRun ? marked : storage.update(key, marked), gone: false }
}

/** True for an object that nothing holds any more once its deletion has begun. */
export function isFinalized(object: StoredObject, nowMs: number): boolean {
  const { deletionTimestamp, finalizers } = object.metadata
  return deletionTimestamp !== undefined && !finalizers?.length && Date.parse(deletionTimestamp) <= nowMs && object.kind !== 'Namespace'
}
