// Sets of fields of an object, as managedFields records them: paths through maps, lists by key, and sets.
// https://github.com/kubernetes-sigs/structured-merge-diff/blob/ccf7a06/fieldpath/serialize.go
import { jsonEqual } from '../storage/json-equal.ts'

/** One step, as FieldsV1 spells it: `f:spec`, `k:{"name":"web"}`, `v:"finalizer"`. */
export type Step = string
export type Path = readonly Step[]
/** Paths by their steps joined; the order of insertion does not matter. */
export type FieldSet = Map<string, Path>

const separator = '\u0000'
export const pathKey = (path: Path): string => path.join(separator)

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

// CRDs' lists are atomic unless their schema says otherwise; these are not, here as in Kubernetes' own types.
const listKeys: Record<string, string> = {
  ownerReferences: 'uid',
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  imagePullSecrets: 'name',
}
const builtinOnly = new Set(['containers', 'initContainers', 'env', 'volumes', 'volumeMounts', 'imagePullSecrets'])

// The CRDs mark these with x-kubernetes-map-type: atomic: TypedLocalObjectReference and LabelSelector, wherever they stand.
const referenceKeys = new Set(['apiGroup', 'kind', 'name'])
function isAtomicMap(value: Record<string, unknown>, field: string | undefined): boolean {
  if (field === 'f:selector') return true
  return 'apiGroup' in value && 'kind' in value && Object.keys(value).every((key) => referenceKeys.has(key))
}

/** CRDs leave the metadata of a template without a schema: there, every map is itself a field. */
const untyped = ['f:spec', 'f:template', 'f:metadata']
const isUntyped = (path: Path): boolean => path.length > untyped.length && untyped.every((step, index) => path[index] === step)

export type ListKind = { kind: 'atomic' } | { kind: 'set' } | { kind: 'map'; key: string }

function listKindOf(field: string, inPath: Path, custom: boolean): ListKind {
  if (field === 'finalizers' && inPath.at(-1) === 'f:metadata') return { kind: 'set' }
  if (field === 'conditions' && !custom) return { kind: 'map', key: 'type' }
  const key = listKeys[field]
  return key === undefined || (custom && builtinOnly.has(field)) ? { kind: 'atomic' } : { kind: 'map', key }
}

/** The members of a list that is not atomic, by step; undefined for one that is. */
export function listMembers(field: string, inPath: Path, list: readonly unknown[], custom: boolean): Map<Step, unknown> | undefined {
  const listKind = listKindOf(field, inPath, custom)
  if (listKind.kind === 'atomic') return undefined
  const members = new Map<Step, unknown>()
  for (const item of list) {
    if (listKind.kind === 'set') members.set(`v:${JSON.stringify(item)}`, item)
    else if (isMap(item)) members.set(`k:${JSON.stringify({ [listKind.key]: item[listKind.key] })}`, item)
  }
  return members
}

function childrenOf(value: unknown, path: Path, custom: boolean): Map<Step, unknown> | undefined {
  if (custom && isMap(value) && path[0] === 'f:spec' && isAtomicMap(value, path.at(-1))) return undefined
  if (isMap(value))
    return new Map(
      Object.entries(value)
        .filter((entry) => entry[1] !== undefined)
        .map(([key, child]) => [`f:${key}`, child]),
    )
  const last = path.at(-1)
  if (Array.isArray(value) && last?.startsWith('f:')) return listMembers(last.slice(2), path.slice(0, -1), value, custom)
  return undefined
}

/** Visits every field of a value, outermost first; `children` is absent for leaves. */
function visit(value: unknown, path: Path, custom: boolean, see: (path: Path, value: unknown, isLeaf: boolean) => void): void {
  const children = childrenOf(value, path, custom)
  see(path, value, !children || children.size === 0)
  for (const [step, child] of children ?? []) visit(child, [...path, step], custom, see)
}

// The type, the identity and what the server writes are nobody's.
const unmanaged = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
])

/** An object as far as managers can own it. */
export function manageable(object: Record<string, unknown>): Record<string, unknown> {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object
  const kept = Object.entries((metadata as Record<string, unknown> | undefined) ?? {}).filter(
    ([key, value]) => !unmanaged.has(key) && value !== undefined,
  )
  return kept.length > 0 ? { metadata: Object.fromEntries(kept), ...rest } : rest
}

/** All fields below an object: its leaves, and where `withParents`, the maps and lists that hold them. */
export function fieldsOf(object: Record<string, unknown>, custom: boolean, { withParents }: { withParents: boolean }): FieldSet {
  const fields: FieldSet = new Map()
  visit(manageable(object), [], custom, (path, _value, isLeaf) => {
    const structural = path.length === 0 || (path.length === 1 && path[0] === 'f:metadata')
    const isMember = path.at(-1)?.startsWith('f:') === false
    if (isLeaf ? path.length > 0 : isMember || (withParents && !structural) || (custom && isUntyped(path))) fields.set(pathKey(path), path)
  })
  return fields
}

/** The value at a path, or undefined. */
export function valueAt(object: Record<string, unknown>, path: Path, custom: boolean): unknown {
  let value: unknown = object
  let walked: Path = []
  for (const step of path) {
    value = childrenOf(value, walked, custom)?.get(step)
    walked = [...walked, step]
  }
  return value
}

/** The fields of `after` that are new or differ, and the fields of `before` that are gone. */
export function compareFields(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  custom: boolean,
): { changed: FieldSet; removed: FieldSet } {
  const changed: FieldSet = new Map()
  const removed: FieldSet = new Map()
  const differ = (left: unknown, right: unknown, path: Path) => {
    if (left === right) return
    const leftChildren = childrenOf(left, path, custom)
    const rightChildren = childrenOf(right, path, custom)
    const structural = path.length === 0 || (path.length === 1 && path[0] === 'f:metadata')
    if (left === undefined && right !== undefined && rightChildren && rightChildren.size > 0 && !structural)
      changed.set(pathKey(path), path)
    if ((leftChildren?.size ?? 0) === 0 && (rightChildren?.size ?? 0) === 0) {
      if (!jsonEqual(left, right) && right !== undefined && path.length > 0) changed.set(pathKey(path), path)
    } else if (right !== undefined && !rightChildren && path.length > 0) {
      changed.set(pathKey(path), path)
    }
    for (const [step, child] of rightChildren ?? []) differ(leftChildren?.get(step), child, [...path, step])
    for (const [step, child] of leftChildren ?? []) {
      if (rightChildren?.has(step)) continue
      visit(child, [...path, step], custom, (gone) => removed.set(pathKey(gone), gone))
    }
  }
  differ(manageable(before), manageable(after), [])
  return { changed, removed }
}

type Tree = { [step: string]: Tree }

export function toFieldsV1(fields: FieldSet): Tree {
  const root: Tree = {}
  const paths = [...fields.values()].toSorted((a, b) => (pathKey(a) < pathKey(b) ? -1 : 1))
  for (const path of paths) {
    let node = root
    for (const step of path) node = node[step] ??= {}
  }
  // A field that is itself in the set and has members below is marked with a dot.
  for (const path of paths) {
    let node: Tree | undefined = root
    for (const step of path) node = node?.[step]
    if (node && Object.keys(node).some((step) => step !== '.')) node['.'] = {}
  }
  return sortSteps(root)
}

function sortSteps(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([step, child]) => [step, sortSteps(child)]),
  )
}

export function fromFieldsV1(tree: Record<string, unknown> | undefined): FieldSet {
  const fields: FieldSet = new Map()
  const walk = (node: Record<string, unknown>, path: Path) => {
    const steps = Object.keys(node).filter((step) => step !== '.')
    if (path.length > 0 && (steps.length === 0 || '.' in node)) fields.set(pathKey(path), path)
    for (const step of steps) walk(node[step] as Record<string, unknown>, [...path, step])
  }
  walk(tree ?? {}, [])
  return fields
}

/** A path as people read it: `.spec.template.metadata.labels.app`, `.spec.containers[name="web"]`. */
export function describePath(path: Path): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`
      const keys = JSON.parse(step.slice(2)) as Record<string, unknown>
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
}
