// The patch types but server-side apply: JSON patch, JSON merge patch, strategic merge patch for built-in kinds.
import jsonPatch, { type Operation } from 'fast-json-patch'
import { badRequest, failure } from './status.ts'

/** What the API server says of a JSON patch that does not apply, whatever the cause. */
const patchFailed = () => failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

/** RFC 6902, on a copy. Throws 400 for what is no patch, 422 when a test fails or a path is missing. */
export function applyJsonPatch(document: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  }
  const operations = patch as Operation[]
  const invalid = jsonPatch.validate(operations)
  if (invalid && invalid.name !== 'TEST_OPERATION_FAILED') throw patchFailed()
  try {
    return jsonPatch.applyPatch<unknown>(structuredClone(document), operations, true, true).newDocument
  } catch {
    throw patchFailed()
  }
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7386; the parts that stay are shared with the target. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = applyMergePatch(merged[key], value)
  }
  return merged
}

// https://github.com/kubernetes/api/blob/v0.32.0/core/v1/types.go (patchMergeKey)
const mergeKeys: Record<string, string> = {
  addresses: 'type',
  conditions: 'type',
  containers: 'name',
  env: 'name',
  ephemeralContainers: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  secrets: 'name',
  volumeMounts: 'mountPath',
  volumes: 'name',
}
const mergedPrimitives = new Set(['finalizers'])

function mergeKeyOf(field: string, items: readonly unknown[]): string | undefined {
  if (field !== 'ports') return mergeKeys[field]
  return items.some((item) => isMap(item) && 'containerPort' in item) ? 'containerPort' : 'port'
}

function mergeList(field: string, target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (mergedPrimitives.has(field)) return [...new Set([...target, ...patch])]
  const key = mergeKeyOf(field, [...target, ...patch])
  if (!key || patch.some((item) => isMap(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isMap(item) && item.$patch === 'replace'))
  }
  const merged = [...target]
  for (const item of patch) {
    if (!isMap(item)) continue
    const index = merged.findIndex((candidate) => isMap(candidate) && candidate[key] === item[key])
    if (item.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1)
    } else if (index >= 0) merged[index] = applyStrategicMergePatch(merged[index], item)
    else merged.push(applyStrategicMergePatch({}, item))
  }
  return merged
}

/** https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/util/strategicpatch/patch.go */
export function applyStrategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch
  if (patch.$patch === 'replace') {
    const { $patch: _directive, ...replacement } = patch
    return replacement
  }
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {}
  const retained = patch.$retainKeys
  if (Array.isArray(retained)) {
    for (const key of Object.keys(merged)) {
      if (!retained.includes(key)) delete merged[key]
    }
  }
  for (const [key, value] of Object.entries(patch)) {
    const deleted = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1]
    if (deleted) {
      const removed = value as unknown[]
      merged[deleted] = ((merged[deleted] as unknown[] | undefined) ?? []).filter((item) => !removed.includes(item))
    } else if (key.startsWith('$')) continue
    else if (value === null || (isMap(value) && value.$patch === 'delete')) delete merged[key]
    else if (Array.isArray(value)) merged[key] = mergeList(key, Array.isArray(merged[key]) ? merged[key] : [], value)
    else merged[key] = applyStrategicMergePatch(merged[key], value)
  }
  return merged
}
