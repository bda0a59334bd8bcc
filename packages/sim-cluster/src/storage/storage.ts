// The one store: objects by resource, a global resource version, and a synchronous broadcast of every change.
// Mutation and broadcast happen in one turn, so that nothing is lost between a list and the watch that follows it.
// https://github.com/kubernetes/apiserver/blob/9d86305/pkg/storage/interfaces.go
import { randomUUID } from 'node:crypto'
import type { KubeObject } from '@virtdeck/k8s'
import { apiResource, groupVersion, type ApiResource } from '../api/api-resources.ts'
import { alreadyExists, conflict, notFound } from '../api/status.ts'
import { timestamp, type Clock } from '../clock.ts'
import { jsonEqual } from './json-equal.ts'
import { createShelf, type Shelf } from './shelf.ts'

export type StoredObject = KubeObject & {
  apiVersion: string
  kind: string
  metadata: KubeObject['metadata'] & { name: string; uid: string; resourceVersion: string; creationTimestamp: string }
}

export type StorageEvent = {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  resource: ApiResource
  object: StoredObject
  /** The object before a MODIFIED or DELETED. */
  previous?: StoredObject
}

export type StorageListener = (event: StorageEvent) => void

/**
 * Objects handed out are frozen by agreement: nobody mutates what `get`, `list` or an event gave; writers pass a new
 * object. The store keeps the reference and never copies.
 */
export type Storage = {
  /** The version of the newest change, as a number that only this package may look into. */
  revision(): number
  get(key: string, namespace: string | undefined, name: string): StoredObject | undefined
  /** Objects in order of their keys (namespace, name). The array is shared between callers until the next change. */
  list(key: string, namespace?: string): readonly StoredObject[]
  count(key: string): number
  /** Stores a complete new object; fills type, uid, creationTimestamp, generation, resourceVersion. Throws 409 AlreadyExists. */
  create(key: string, object: KubeObject): StoredObject
  /**
   * Replaces an object. With `metadata.resourceVersion` set it must be the stored one (409 Conflict otherwise). A
   * replacement equal to what is stored changes nothing and emits nothing. Counts metadata.generation. Throws 404 NotFound.
   */
  update(key: string, object: KubeObject): StoredObject
  /** Removes at once; finalizers and owners are the registry's business. Throws 404 NotFound. */
  delete(key: string, namespace: string | undefined, name: string): StoredObject
  /** Called for every change of every resource, in order, before the mutating call returns. */
  subscribe(listener: StorageListener): () => void
}

/**
 * What an update makes of metadata.generation: custom resources count changes of everything but metadata, and but
 * status where status is a subresource. https://github.com/kubernetes/apiextensions-apiserver/blob/7215469/pkg/registry/customresource/strategy.go
 */
function nextGeneration(resource: ApiResource, previous: KubeObject, object: KubeObject): number | undefined {
  const generation = previous.metadata.generation
  if (!resource.custom || generation === undefined) return object.metadata.generation
  const ignored = {
    metadata: undefined,
    apiVersion: undefined,
    kind: undefined,
    ...(resource.subresources.includes('status') ? { status: undefined } : {}),
  }
  // https://github.com/kubernetes/apiserver/blob/9d86305/pkg/registry/rest/delete.go: so does the beginning of a deletion.
  const beginsDeletion = !previous.metadata.deletionTimestamp && object.metadata.deletionTimestamp !== undefined
  const changed = beginsDeletion || !jsonEqual({ ...previous, ...ignored }, { ...object, ...ignored })
  return changed ? generation + 1 : generation
}

export function createStorage(clock: Clock): Storage {
  const shelves = new Map<string, Shelf<StoredObject>>()
  const listeners = new Set<StorageListener>()
  let revision = 1000

  const shelf = (key: string) => {
    let found = shelves.get(key)
    if (!found) shelves.set(key, (found = createShelf()))
    return found
  }
  const emit = (event: StorageEvent) => {
    for (const listener of listeners) listener(event)
  }

  return {
    revision: () => revision,
    get: (key, namespace, name) => shelf(key).get(namespace, name),
    count: (key) => shelf(key).count(),
    list: (key, namespace) => shelf(key).list(namespace),
    create(key, object) {
      const resource = apiResource(key)
      const name = object.metadata.name ?? ''
      if (shelf(key).get(object.metadata.namespace, name)) throw alreadyExists(resource, name)
      revision += 1
      const stored: StoredObject = {
        ...object,
        apiVersion: groupVersion(resource),
        kind: resource.kind,
        metadata: {
          ...object.metadata,
          name,
          uid: object.metadata.uid ?? randomUUID(),
          creationTimestamp: object.metadata.creationTimestamp ?? timestamp(clock),
          ...(resource.custom ? { generation: object.metadata.generation ?? 1 } : {}),
          resourceVersion: String(revision),
        },
      }
      shelf(key).set(stored)
      emit({ type: 'ADDED', resource, object: stored })
      return stored
    },
    update(key, object) {
      const resource = apiResource(key)
      const name = object.metadata.name ?? ''
      const previous = shelf(key).get(object.metadata.namespace, name)
      if (!previous) throw notFound(resource, name)
      const expected = object.metadata.resourceVersion
      if (expected && expected !== previous.metadata.resourceVersion) {
        throw conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again')
      }
      const generation = nextGeneration(resource, previous, object)
      const settled = {
        ...object,
        apiVersion: previous.apiVersion,
        kind: previous.kind,
        metadata: {
          ...object.metadata,
          name,
          uid: previous.metadata.uid,
          creationTimestamp: previous.metadata.creationTimestamp,
          ...(generation === undefined ? {} : { generation }),
          resourceVersion: previous.metadata.resourceVersion,
        },
      }
      if (jsonEqual(settled, previous)) return previous
      revision += 1
      settled.metadata.resourceVersion = String(revision)
      shelf(key).set(settled)
      emit({ type: 'MODIFIED', resource, object: settled, previous })
      return settled
    },
    delete(key, namespace, name) {
      const resource = apiResource(key)
      const previous = shelf(key).get(namespace, name)
      if (!previous) throw notFound(resource, name)
      revision += 1
      shelf(key).delete(namespace, name)
      const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } }
      emit({ type: 'DELETED', resource, object, previous })
      return object
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
