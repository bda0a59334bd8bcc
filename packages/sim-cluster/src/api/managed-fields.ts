// Who set which field: server-side apply with its conflicts, and the bookkeeping of every other write.
// https://github.com/kubernetes-sigs/structured-merge-diff/blob/ccf7a06/merge/update.go
import type { KubeObject, ManagedFieldsEntry } from '@virtdeck/k8s'
import { jsonEqual } from '../storage/json-equal.ts'
import { groupVersion, type ApiResource } from './api-resources.ts'
import {
  compareFields,
  describePath,
  fieldsOf,
  fromFieldsV1,
  listMembers,
  manageable,
  pathKey,
  toFieldsV1,
  valueAt,
  type FieldSet,
  type Path,
} from './field-sets.ts'
import { failure } from './status.ts'

type Manager = { entry: ManagedFieldsEntry; fields: FieldSet }

export type Writer = { manager: string; time: string; subresource?: string }

function managersOf(object: KubeObject | undefined): Manager[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({ entry, fields: fromFieldsV1(entry.fieldsV1) }))
}

const isEntryOf = (entry: ManagedFieldsEntry, writer: Writer, operation: 'Apply' | 'Update') =>
  entry.manager === writer.manager && entry.operation === operation && (entry.subresource ?? '') === (writer.subresource ?? '')

function newEntry(resource: ApiResource, writer: Writer, operation: 'Apply' | 'Update', fields: FieldSet): ManagedFieldsEntry {
  return {
    apiVersion: groupVersion(resource),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
    manager: writer.manager,
    operation,
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
    time: writer.time,
  }
}

/** Applies come first, then by time: https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/util/managedfields/internal/managedfields.go */
function entriesOf(resource: ApiResource, managers: readonly Manager[]): ManagedFieldsEntry[] {
  return managers
    .filter(({ fields }) => fields.size > 0)
    .map(({ entry, fields }) => ({ ...entry, apiVersion: entry.apiVersion ?? groupVersion(resource), fieldsV1: toFieldsV1(fields) }))
    .toSorted((a, b) => {
      if (a.operation !== b.operation) return a.operation === 'Apply' ? -1 : 1
      if ((a.time ?? '') !== (b.time ?? '')) return (a.time ?? '') < (b.time ?? '') ? -1 : 1
      return (a.manager ?? '') < (b.manager ?? '') ? -1 : 1
    })
}

function withEntries(object: KubeObject, entries: ManagedFieldsEntry[]): KubeObject {
  const { managedFields: _old, ...metadata } = object.metadata
  return { ...object, metadata: entries.length > 0 ? { ...metadata, managedFields: entries } : metadata }
}

/** After a create, update or patch: what changed is the writer's, and no longer anybody else's. */
export function recordUpdate(resource: ApiResource, previous: KubeObject | undefined, object: KubeObject, writer: Writer): KubeObject {
  // Clients clear the record by sending an empty list, which then begins anew.
  const cleared = object.metadata.managedFields?.length === 0 && previous !== undefined
  const managers = cleared ? [] : managersOf(previous)
  const { changed, removed } = compareFields(previous ?? { metadata: {} }, object, resource.custom)
  if (changed.size === 0 && removed.size === 0) return withEntries(object, cleared ? [] : (previous?.metadata.managedFields ?? []))
  const others = managers.filter(({ entry }) => !isEntryOf(entry, writer, 'Update'))
  const own = managers.find(({ entry }) => isEntryOf(entry, writer, 'Update'))
  for (const { fields } of [...others, ...(own ? [own] : [])]) {
    for (const key of [...removed.keys(), ...(previous ? leavesOf(changed, object, resource.custom).keys() : [])]) fields.delete(key)
  }
  const fields: FieldSet = new Map([...(own?.fields ?? []), ...changed])
  const entry = changed.size > 0 || !own ? newEntry(resource, writer, 'Update', fields) : own.entry
  return withEntries(object, entriesOf(resource, [...others, { entry, fields }]))
}

/** Maps are shared between managers; only what they hold changes hands. */
function leavesOf(fields: FieldSet, object: KubeObject, custom: boolean): FieldSet {
  const all = fieldsOf(object, custom, { withParents: false })
  return new Map([...fields].filter(([key]) => all.has(key)))
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function mergeApplied(live: unknown, applied: unknown, path: Path, custom: boolean): unknown {
  if (isMap(applied)) {
    const merged: Record<string, unknown> = isMap(live) ? { ...live } : {}
    for (const [key, value] of Object.entries(applied)) merged[key] = mergeApplied(merged[key], value, [...path, `f:${key}`], custom)
    return merged
  }
  const field = path.at(-1)
  if (!Array.isArray(applied) || !Array.isArray(live) || !field?.startsWith('f:')) return applied
  const liveMembers = listMembers(field.slice(2), path.slice(0, -1), live, custom)
  const appliedMembers = listMembers(field.slice(2), path.slice(0, -1), applied, custom)
  if (!liveMembers || !appliedMembers) return applied
  for (const [step, item] of appliedMembers) liveMembers.set(step, mergeApplied(liveMembers.get(step), item, [...path, step], custom))
  return [...liveMembers.values()]
}

/** The value without the field at a path; untouched when the field is not there. */
function removeField(value: unknown, path: Path, walked: Path, custom: boolean): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (isMap(value) && step.startsWith('f:')) {
    const key = step.slice(2)
    if (!(key in value)) return value
    if (rest.length > 0) return { ...value, [key]: removeField(value[key], rest, [...walked, step], custom) }
    const { [key]: _gone, ...kept } = value
    return kept
  }
  const field = walked.at(-1)
  if (!Array.isArray(value) || !field?.startsWith('f:')) return value
  const members = listMembers(field.slice(2), walked.slice(0, -1), value, custom)
  if (!members?.has(step)) return value
  if (rest.length === 0) members.delete(step)
  else members.set(step, removeField(members.get(step), rest, [...walked, step], custom))
  return [...members.values()]
}

/** Maps are shared: only what they hold can be in conflict. */
const differ = (live: unknown, applied: unknown): boolean => !(isMap(live) && isMap(applied)) && !jsonEqual(live, applied)

function conflictError(conflicts: readonly { manager: ManagedFieldsEntry; path: Path }[]): Error {
  const nameOf = ({ manager, subresource }: ManagedFieldsEntry) => `"${manager}"${subresource ? ` with subresource "${subresource}"` : ''}`
  const described = (entry: ManagedFieldsEntry) =>
    entry.operation === 'Update' ? `${nameOf(entry)} using ${entry.apiVersion}${entry.time ? ` at ${entry.time}` : ''}` : nameOf(entry)
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${described(manager)}`,
    field: describePath(path),
  }))
  const byManager = new Map<string, typeof causes>()
  for (const cause of causes) {
    const manager = cause.message.slice('conflict with '.length)
    byManager.set(manager, [...(byManager.get(manager) ?? []), cause])
  }
  const [only] = causes
  const words =
    causes.length === 1 && only
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${causes.length} conflicts: ${[...byManager].map(([manager, group]) => `conflicts with ${manager}:\n${group.map((cause) => `- ${cause.field}`).join('\n')}`).join('\n')}`
  return failure(409, 'Conflict', `Apply failed with ${words}`, { causes })
}

/**
 * What an object without a record has is somebody's all the same.
 * https://github.com/kubernetes/apimachinery/blob/59e9003/pkg/util/managedfields/internal/skipnonapplied.go
 */
function beforeFirstApply(resource: ApiResource, live: KubeObject, time: string): Manager {
  const fields = fieldsOf(live, resource.custom, { withParents: true })
  return { entry: newEntry(resource, { manager: 'before-first-apply', time }, 'Update', fields), fields }
}

/** Server-side apply. Throws 409 with a cause per field that another manager set to something else. */
export function applyConfiguration(
  resource: ApiResource,
  live: KubeObject | undefined,
  applied: KubeObject,
  writer: Writer,
  force: boolean,
): KubeObject {
  const { custom } = resource
  const fields = fieldsOf(applied, custom, { withParents: false })
  const managers = live && !live.metadata.managedFields?.length ? [beforeFirstApply(resource, live, writer.time)] : managersOf(live)
  const others = managers.filter(({ entry }) => !isEntryOf(entry, writer, 'Apply'))
  const own = managers.find(({ entry }) => isEntryOf(entry, writer, 'Apply'))

  const conflicts = live
    ? others.flatMap(({ entry, fields: theirs }) =>
        [...fields]
          .filter(
            ([key, path]) => theirs.has(key) && differ(valueAt(manageable(live), path, custom), valueAt(manageable(applied), path, custom)),
          )
          .map(([, path]) => ({ manager: entry, path })),
      )
    : []
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)
  for (const { path } of conflicts) {
    for (const other of others) other.fields.delete(pathKey(path))
  }

  const { managedFields: _ignored, ...appliedMetadata } = applied.metadata
  let merged = mergeApplied(live ?? {}, { ...applied, metadata: appliedMetadata }, [], custom) as KubeObject
  for (const [key, path] of own?.fields ?? []) {
    const stillHeld = fields.has(key) || others.some((other) => other.fields.has(key))
    const holdsMore = [...fields.keys(), ...others.flatMap((other) => [...other.fields.keys()])].some((held) =>
      held.startsWith(`${key}\u0000`),
    )
    if (!stillHeld && !holdsMore) merged = removeField(merged, path, [], custom) as KubeObject
  }
  const unchanged = own !== undefined && own.fields.size === fields.size && [...fields.keys()].every((key) => own.fields.has(key))
  const entry = unchanged ? own.entry : newEntry(resource, writer, 'Apply', fields)
  return withEntries(merged, entriesOf(resource, [...others, { entry, fields }]))
}
