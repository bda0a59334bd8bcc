// Each stored object is encoded at most once: lists, gets and watches of any number of clients share its bytes.
import { resourceKey, apiResource, type ApiResource } from '../api/api-resources.ts'
import type { StoredObject } from './storage.ts'

const encoded = new WeakMap<StoredObject, Buffer>()

/** Built-in kinds are written kind first; custom resources apiVersion first. */
function typeMeta(resource: ApiResource): string {
  const version = JSON.stringify(resource.group ? `${resource.group}/${resource.version}` : resource.version)
  const kind = JSON.stringify(resource.kind)
  return resource.custom ? `{"apiVersion":${version},"kind":${kind},` : `{"kind":${kind},"apiVersion":${version},`
}

const prefixes = new Map<string, string>()

function prefix(resource: ApiResource): string {
  const key = `${resource.version} ${resourceKey(resource)}`
  let found = prefixes.get(key)
  if (found === undefined) prefixes.set(key, (found = typeMeta(resource)))
  return found
}

/** The JSON of a whole object, without a newline. */
export function encodeObject(resource: ApiResource, object: StoredObject): Buffer {
  const stored = apiResource(resourceKey(resource))
  let bytes = encoded.get(object)
  if (!bytes) {
    const { apiVersion: _apiVersion, kind: _kind, ...rest } = object
    bytes = Buffer.from(prefix(stored) + JSON.stringify(rest).slice(1))
    encoded.set(object, bytes)
  }
  if (stored.version === resource.version) return bytes
  // Served in another version than it is stored in, an object differs in its apiVersion.
  return Buffer.concat([Buffer.from(prefix(resource)), bytes.subarray(prefix(stored).length)])
}

const brace = Buffer.from('{')

/** The same JSON as an item of a list, in pieces: items of built-in kinds carry neither apiVersion nor kind. */
export function encodeItem(resource: ApiResource, object: StoredObject): Buffer[] {
  const bytes = encodeObject(resource, object)
  return resource.custom ? [bytes] : [brace, bytes.subarray(prefix(resource).length)]
}
