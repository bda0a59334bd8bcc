// The one store: objects by resource, a global resource version, and a synchronous broadcast of every change.
// Mutation and broadcast happen in one turn, so that nothing is lost between a list and the watch that follows it.
// https://github.com/kubernetes/apiserver/blob/release-1.32/pkg/storage/interfaces.go
import { randomUUID } from 'node:crypto'
import type { KubeObject } from '@virtdeck/k8s'
import { apiResource, type ApiResource } from '../api/api-resources.ts'
import { alreadyExists, conflict, notFound } from '../api/status.ts'
import { timestamp, type Clock } from '../clock.ts'

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
  /** Objects in order of their keys (namespace, name). */
  list(key: string, namespace?: string): StoredObject[]
  count(key: string): number
  /** Stores a complete new object; fills uid, creationTimestamp, resourceVersion. Throws 409 AlreadyExists. */
  create(key: string, object: KubeObject): StoredObject
  /**
   * Replaces an object. With `metadata.resourceVersion` set it must be the stored one (409 Conflict otherwise). A
   * replacement equal to what is stored changes nothing and emits nothing. Throws 404 NotFound.
   */
  update(key: string, object: KubeObject): StoredObject
  /** Removes at once; finalizers and owners are the registry's business. Throws 404 NotFound. */
  delete(key: string, namespace: string | undefined, name: string): StoredObject
  /** Called for every change of every resource, in order, before the mutating call returns. */
  subscribe(listener: StorageListener): () => void
}

export function createStorage(clock: Clock): Storage {
  const shelves = new Map<string, Map<string, StoredObject>>()
  const listeners = new Set<StorageListener>()
  let revision = 1000

  const shelf = (key: string) => {
    let found = shelves.get(key)
    if (!found) shelves.set(key, (found = new Map()))
    return found
  }
  const place = (namespace: string | undefined, name: string) => (namespace ? `${namespace}/${name}` : name)
  const emit = (event: StorageEvent) => {
    for (const listener of listeners) listener(event)
  }

  return {
    revision: () => revision,
    get: (key, namespace, name) => shelf(key).get(place(namespace, name)),
    count: (key) => shelf(key).size,
    list(key, namespace) {
      const found: [string, StoredObject][] = []
      const prefix = namespace ? `${namespace}/` : ''
      for (const entry of shelf(key)) {
        if (!prefix || entry[0].startsWith(prefix)) found.push(entry)
      }
      found.sort((a, b) => (a[0] < b[0] ? -1 : 1))
      return found.map((entry) => entry[1])
    },
    create(key, object) {
      const resource = apiResource(key)
      const name = object.metadata.name ?? ''
      const at = place(object.metadata.namespace, name)
      if (shelf(key).has(at)) throw alreadyExists(resource, name)
      revision += 1
      const stored = {
        ...object,
        metadata: {
          ...object.metadata,
          name,
          uid: object.metadata.uid ?? randomUUID(),
          creationTimestamp: object.metadata.creationTimestamp ?? timestamp(clock),
          resourceVersion: String(revision),
        },
      } as StoredObject
      shelf(key).set(at, stored)
      emit({ type: 'ADDED', resource, object: stored })
      return stored
    },
    update(key, object) {
      const resource = apiResource(key)
      const name = object.metadata.name ?? ''
      const at = place(object.metadata.namespace, name)
      const previous = shelf(key).get(at)
      if (!previous) throw notFound(resource, name)
      const expected = object.metadata.resourceVersion
      if (expected && expected !== previous.metadata.resourceVersion) {
        throw conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again')
      }
      const unchanged = { ...object, metadata: { ...object.metadata, resourceVersion: previous.metadata.resourceVersion } }
      if (JSON.stringify(unchanged) === JSON.stringify(previous)) return previous
      revision += 1
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } } as StoredObject
      shelf(key).set(at, stored)
      emit({ type: 'MODIFIED', resource, object: stored, previous })
      return stored
    },
    delete(key, namespace, name) {
      const resource = apiResource(key)
      const at = place(namespace, name)
      const previous = shelf(key).get(at)
      if (!previous) throw notFound(resource, name)
      revision += 1
      shelf(key).delete(at)
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

