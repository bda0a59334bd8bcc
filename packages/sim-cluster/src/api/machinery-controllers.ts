// Controllers of the API machinery: dependents follow their owners, namespaces take their content along, finalized
// objects go, aggregated roles gather their rules.
// https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/controller/garbagecollector/garbagecollector.go
import type { Clock } from '../clock.ts'
import type { Controller } from '../controllers/controller.ts'
import { jsonEqual } from '../storage/json-equal.ts'
import type { Storage, StorageEvent, StoredObject } from '../storage/storage.ts'
import { apiResources, resourceKey } from './api-resources.ts'
import type { PolicyRule } from './authorization.ts'
import { deleteObject, foregroundFinalizer, isFinalized, orphanFinalizer } from './deletion.ts'
import { parseLabelSelector } from './selectors.ts'

type Place = { key: string; namespace: string | undefined; name: string }

const encodePlace = ({ key, namespace, name }: Place) => `${key} ${namespace ?? ''} ${name}`

function decodePlace(text: string): Place {
  const [key = '', namespace = '', name = ''] = text.split(' ')
  return { key, namespace: namespace || undefined, name }
}

const placeOf = (key: string, object: StoredObject): Place => ({ key, namespace: object.metadata.namespace, name: object.metadata.name })

/** Where every object is, by uid, and which objects name it as an owner. */
function createGraph(storage: Storage) {
  const places = new Map<string, Place>()
  const dependents = new Map<string, Place[]>()

  const add = (key: string, object: StoredObject) => {
    const place = placeOf(key, object)
    places.set(object.metadata.uid, place)
    for (const owner of object.metadata.ownerReferences ?? []) {
      const found = dependents.get(owner.uid)
      if (found) found.push(place)
      else dependents.set(owner.uid, [place])
    }
  }
  const remove = (object: StoredObject) => {
    const place = places.get(object.metadata.uid)
    places.delete(object.metadata.uid)
    for (const owner of object.metadata.ownerReferences ?? []) {
      const left = dependents.get(owner.uid)?.filter((dependent) => dependent !== place)
      if (left?.length) dependents.set(owner.uid, left)
      else dependents.delete(owner.uid)
    }
  }
  for (const resource of apiResources) {
    if (resource.virtual) continue
    const key = resourceKey(resource)
    for (const object of storage.list(key)) add(key, object)
  }
  return {
    follow({ type, resource, object, previous }: StorageEvent) {
      if (type === 'DELETED') remove(previous ?? object)
      else if (previous && previous.metadata.ownerReferences !== object.metadata.ownerReferences) {
        remove(previous)
        add(resourceKey(resource), object)
      } else if (!places.has(object.metadata.uid)) add(resourceKey(resource), object)
    },
    exists: (uid: string) => places.has(uid),
    placeOfUid: (uid: string) => places.get(uid),
    dependentsOf: (uid: string): readonly Place[] => dependents.get(uid) ?? [],
  }
}

export function garbageCollector(storage: Storage, clock: Clock): Controller {
  const graph = createGraph(storage)

  const find = ({ key, namespace, name }: Place) => storage.get(key, namespace, name)

  const withoutFinalizer = (object: StoredObject, finalizer: string): StoredObject => {
    const { finalizers, ...metadata } = object.metadata
    const left = (finalizers ?? []).filter((candidate) => candidate !== finalizer)
    return { ...object, metadata: left.length > 0 ? { ...metadata, finalizers: left } : metadata }
  }

  /** Deletes what still refers to an owner that is waiting to go; true once nothing blocks it. */
  const dependentsAreGone = (owner: StoredObject): boolean => {
    let blocked = false
    for (const place of graph.dependentsOf(owner.metadata.uid)) {
      const dependent = find(place)
      if (!dependent) continue
      const { key, namespace, name } = place
      if (!dependent.metadata.deletionTimestamp) {
        deleteObject(storage, clock, key, namespace, name, {
          propagationPolicy: graph.dependentsOf(dependent.metadata.uid).length > 0 ? 'Foreground' : 'Background',
        })
      }
      const reference = dependent.metadata.ownerReferences?.find((candidate) => candidate.uid === owner.metadata.uid)
      if (reference?.blockOwnerDeletion && find(place)) blocked = true
    }
    return !blocked
  }

  const orphanDependents = (owner: StoredObject) => {
    for (const place of graph.dependentsOf(owner.metadata.uid)) {
      const dependent = find(place)
      if (!dependent) continue
      const { ownerReferences, ...metadata } = dependent.metadata
      const left = (ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid)
      storage.update(place.key, {
        ...dependent,
        metadata: left.length > 0 ? { ...metadata, ownerReferences: left } : metadata,
      })
    }
  }

  return {
    name: 'garbage-collector',
    keysOf(event) {
      graph.follow(event)
      const { object, resource, type } = event
      const { ownerReferences, deletionTimestamp } = object.metadata
      if (type === 'DELETED') {
        const waitingOwners = (ownerReferences ?? []).flatMap(({ uid }) => graph.placeOfUid(uid) ?? [])
        return [...graph.dependentsOf(object.metadata.uid), ...waitingOwners].map(encodePlace)
      }
      const lostOwner = ownerReferences?.some(({ uid }) => !graph.exists(uid)) ?? false
      return deletionTimestamp || lostOwner ? [encodePlace(placeOf(resourceKey(resource), object))] : []
    },
    reconcile(encoded, { requeueAfter }) {
      const { key, namespace, name } = decodePlace(encoded)
      const object = storage.get(key, namespace, name)
      if (!object) return
      const { deletionTimestamp, finalizers, ownerReferences } = object.metadata
      if (!deletionTimestamp) {
        if (ownerReferences?.length && !ownerReferences.some(({ uid }) => graph.exists(uid))) {
          deleteObject(storage, clock, key, namespace, name, {
            propagationPolicy: 'Background',
            preconditions: { uid: object.metadata.uid },
          })
        }
        return
      }
      let current = object
      if (finalizers?.includes(orphanFinalizer)) {
        orphanDependents(object)
        current = storage.update(key, withoutFinalizer(object, orphanFinalizer))
      } else if (finalizers?.includes(foregroundFinalizer) && dependentsAreGone(object)) {
        current = storage.update(key, withoutFinalizer(object, foregroundFinalizer))
      }
      // The kubelet's part too: a pod whose grace period is over is gone, whatever its containers say.
      const leftMs = Date.parse(deletionTimestamp) - clock.now()
      if (isFinalized(current, clock.now())) storage.delete(key, namespace, name)
      else if (leftMs > 0 && !current.metadata.finalizers?.length) requeueAfter(leftMs)
    },
  }
}

/** https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/controller/namespace/deletion/namespaced_resources_deleter.go */
export function namespaceController(storage: Storage, clock: Clock): Controller {
  const namespaced = apiResources.filter((resource) => resource.namespaced && !resource.virtual).map(resourceKey)
  const recheckMs = 500
  return {
    name: 'namespace',
    keysOf: ({ resource, object }) => (resource.plural === 'namespaces' && object.metadata.deletionTimestamp ? [object.metadata.name] : []),
    reconcile(name, { requeueAfter }) {
      const namespace = storage.get('namespaces', undefined, name)
      if (!namespace?.metadata.deletionTimestamp) return
      let left = 0
      for (const key of namespaced) {
        for (const object of storage.list(key, name)) {
          if (!object.metadata.deletionTimestamp)
            deleteObject(storage, clock, key, name, object.metadata.name, { propagationPolicy: 'Background' })
        }
        left += storage.list(key, name).length
      }
      if (left > 0) requeueAfter(recheckMs)
      else if (!namespace.metadata.finalizers?.length) storage.delete('namespaces', undefined, name)
    },
  }
}

/** https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/controller/serviceaccount/serviceaccounts_controller.go */
export function serviceAccountController(storage: Storage): Controller {
  return {
    name: 'serviceaccount',
    keysOf({ type, resource, object: { metadata } }) {
      if (resource.plural === 'namespaces' && type !== 'DELETED') return [metadata.name]
      const lost = resource.plural === 'serviceaccounts' && type === 'DELETED' && metadata.name === 'default'
      return lost && metadata.namespace ? [metadata.namespace] : []
    },
    reconcile(name) {
      const namespace = storage.get('namespaces', undefined, name)
      if (!namespace || namespace.metadata.deletionTimestamp || storage.get('serviceaccounts', name, 'default')) return
      storage.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } })
    },
  }
}

type AggregatedRole = StoredObject & {
  rules?: PolicyRule[]
  aggregationRule?: { clusterRoleSelectors?: { matchLabels?: Record<string, string> }[] }
}

const clusterRoles = 'clusterroles.rbac.authorization.k8s.io'

/** https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go */
export function clusterRoleAggregation(storage: Storage): Controller {
  const aggregated = () => (storage.list(clusterRoles) as AggregatedRole[]).filter((role) => role.aggregationRule)
  return {
    name: 'clusterrole-aggregation',
    keysOf: ({ resource }) => (resourceKey(resource) === clusterRoles ? aggregated().map((role) => role.metadata.name) : []),
    reconcile(name) {
      const role = storage.get(clusterRoles, undefined, name) as AggregatedRole | undefined
      if (!role?.aggregationRule) return
      const selectors = (role.aggregationRule.clusterRoleSelectors ?? []).map(({ matchLabels }) =>
        parseLabelSelector(
          Object.entries(matchLabels ?? {})
            .map(([key, value]) => `${key}=${value}`)
            .join(','),
        ),
      )
      const rules: PolicyRule[] = []
      for (const other of storage.list(clusterRoles) as AggregatedRole[]) {
        if (other.metadata.name === name || !selectors.some((matches) => matches(other))) continue
        for (const rule of other.rules ?? []) {
          if (!rules.some((known) => jsonEqual(known, rule))) rules.push(rule)
        }
      }
      storage.update(clusterRoles, { ...role, rules })
    },
  }
}
